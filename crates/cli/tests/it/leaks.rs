//! What `forewarn mark trace` takes as a leak: archives, encodings, and what it refuses in words.

use std::fs::{self, File};
use std::io::{Cursor, Write};

use zip::{ZipWriter, write::SimpleFileOptions};

use crate::marks::{rendered, trace};
use crate::world::{Desk, package};

pub(crate) fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[track_caller]
fn refuses(desk: &Desk, leak: &str, parts: &[&str]) {
    let said = desk.refused(&[
        "mark",
        "trace",
        &package(),
        "--key",
        "release.key",
        "--members",
        "members.txt",
        leak,
    ]);
    for part in parts {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
}

#[test]
fn what_is_no_text_is_refused_in_words() {
    let desk = rendered();
    desk.write("shot.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    desk.write("shot.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF");
    desk.write("all.tar.gz", b"\x1f\x8b\x08\0\0\0");
    desk.write("half.zip", zipped(&[("a.txt", b"some text")]).split_at(20).0);
    desk.write("guide.docx", zipped(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")]));
    refuses(&desk, "shot.png", &["`shot.png`", "is an image: give its text"]);
    refuses(&desk, "shot.jpg", &["is an image: give its text"]);
    refuses(&desk, "all.tar.gz", &["unpack it"]);
    refuses(&desk, "half.zip", &["is no whole zip archive"]);
    refuses(&desk, "guide.docx", &["save it as plain text"]);
    refuses(&desk, "none.txt", &["`none.txt`"]);
    refuses(&desk, "/dev/zero", &["is no regular file"]);
}

#[test]
fn what_is_too_much_is_refused_before_it_is_read() {
    let desk = rendered();
    File::create(desk.path("huge.log")).unwrap().set_len(17 << 20).unwrap();
    refuses(&desk, "huge.log", &["at most 4 MiB of text, in at most 16 MiB", "forewarn mark hunt"]);
    fs::create_dir(desk.path("many")).unwrap();
    for n in 0..3 {
        File::create(desk.path(&format!("many/{n}.txt"))).unwrap().set_len(6 << 20).unwrap();
    }
    refuses(&desk, "many", &["at most 4 MiB of text, in at most 16 MiB"]);
    desk.write("bomb.zip", zipped(&[("a.txt", &vec![b'a'; 10 << 20])]));
    refuses(&desk, "bomb.zip", &["entry `a.txt`", "expands more than 200 times"]);
}

#[test]
fn an_archive_is_read_like_its_folder() {
    let desk = rendered();
    let read = |name: &str| fs::read(desk.path(&format!("copies/bolt/{name}"))).unwrap();
    let (advisory, notice) = (read("advisory.md"), read("notice.md"));
    let inner = zipped(&[("a.txt", b"text")]);
    desk.write(
        "leak.zip",
        zipped(&[
            ("docs/advisory.md", &advisory),
            ("docs/notice.md", &notice),
            ("shot.png", b"\x89PNG\r\n\x1a\n"),
            ("inner.zip", &inner),
        ]),
    );
    let args = ["mark", "trace", &package(), "--key", "release.key", "--members", "members.txt", "leak.zip"];
    let ran = desk.run(&args);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("\n  bolt: evidence"), "{}", ran.out);
    assert!(ran.err.contains("skipped `shot.png`: is an image"), "{}", ran.err);
    assert!(ran.err.contains("skipped `inner.zip`: is an archive within the archive"), "{}", ran.err);
    desk.write("only.zip", zipped(&[("inner.zip", &inner)]));
    let args = ["mark", "trace", &package(), "--key", "release.key", "--members", "members.txt", "only.zip"];
    let ran = desk.run(&args);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("forewarn: `only.zip`: holds nothing that can be read"), "{}", ran.err);
}

#[test]
fn text_of_any_encoding_is_read() {
    let desk = rendered();
    let text = fs::read_to_string(desk.path("copies/cobalt/advisory.md")).unwrap();
    let units: Vec<u16> = text.encode_utf16().collect();
    desk.write(
        "utf16.txt",
        [b"\xff\xfe".to_vec(), units.iter().flat_map(|unit| unit.to_le_bytes()).collect()].concat(),
    );
    desk.write("latin1.txt", [b"\xe9t\xe9 ".to_vec(), text.clone().into_bytes()].concat());
    desk.write("mixed.bin", [b"\x7fELF\0\x01\xff".to_vec(), text.into_bytes()].concat());
    for leak in ["utf16.txt", "latin1.txt", "mixed.bin"] {
        let traced = trace(&desk, &[leak]);
        assert_eq!(traced["accused"][0]["member"], "cobalt", "{leak}: {traced:#}");
    }
}
