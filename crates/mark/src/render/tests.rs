use super::*;
use crate::syntax::SourceFile;

fn master() -> Master {
    let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
    Master::parse(&[file("b.txt", "{~x=a|b~} {~t=rand:hex8~}"), file("a.txt", "{~shuffle-amp 1&2&3~} {~x~}")])
        .unwrap()
}

fn index(symbol: u32) -> Symbol {
    Symbol::Index(symbol)
}

#[test]
fn symbols_that_do_not_exist_make_no_codeword() {
    let master = master();
    let value = || Symbol::Value("0123abcd".into());
    assert_eq!(
        Codeword::new(&master, vec![index(0)]).unwrap_err(),
        CodewordError::Length { symbols: 1, sites: 3 }
    );
    for (order, choice, constant) in [
        (index(6), index(0), value()),
        (index(0), index(2), value()),
        (index(0), value(), value()),
        (index(0), index(0), index(0)),
        (index(0), index(0), Symbol::Value("0123ABCD".into())),
        (index(0), index(0), Symbol::Value("0123abc".into())),
    ] {
        assert!(Codeword::new(&master, vec![order, choice, constant]).is_err());
    }
    assert!(Codeword::new(&master, vec![index(5), index(1), value()]).is_ok());
}

#[test]
fn files_render_alone_as_in_the_package() {
    let master = master();
    let word = Codeword::new(&master, vec![index(3), index(1), Symbol::Value("0123abcd".into())]).unwrap();
    let all = render(&master, &word);
    assert_eq!(all[0], RenderedFile { path: "a.txt".into(), text: "2&3&1 b".into() });
    assert_eq!(all[1], RenderedFile { path: "b.txt".into(), text: "b 0123abcd".into() });
    assert_eq!(render_file(&master, 1, &word).as_ref(), all.get(1));
    assert_eq!(render_file(&master, 2, &word), None);
    assert_eq!(render_default(&master)[1].text, "a 00000000");
}
