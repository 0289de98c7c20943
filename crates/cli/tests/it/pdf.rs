//! PDFs as leaks: a real one, written here object by object, and hostile ones.

use std::fs;

use serde_json::json;

use crate::{
    exhibits::{leaking, sighted},
    leaks::zipped,
    marks::{rendered, trace},
    world::{Desk, package},
};

/// Columns of a line.
const COLUMNS: usize = 72;
/// Lines of a page.
const LINES: usize = 50;

/// Typesets text in Helvetica on A4: lines wrapped, long words parted by a hyphen, `fi` as one glyph.
pub(crate) fn pdf(text: &str) -> Vec<u8> {
    let lines: Vec<String> = text.lines().flat_map(wrapped).collect();
    let pages = lines.chunks(LINES).map(|lines| {
        let shown: String = lines.iter().map(|line| format!("({}) Tj T*\n", escaped(line))).collect();
        format!("BT /F1 10 Tf 12 TL 60 780 Td\n{shown}ET\n").into_bytes()
    });
    document(pages.map(|content| stream("", &content)).collect())
}

fn wrapped(line: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let last = lines.last_mut().unwrap();
        let room = COLUMNS.saturating_sub(last.len() + 1);
        if word.len() <= room {
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(word);
        } else if word.len() > 8 && room > 5 && word.bytes().all(|byte| byte.is_ascii_lowercase()) {
            let (first, second) = word.split_at(4);
            *last += &format!(" {first}-");
            lines.push(second.to_owned());
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// A string of a PDF; what WinAnsi lacks becomes a question mark.
fn escaped(line: &str) -> String {
    let plain: String = line.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
    plain.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)").replace("fi", "\\001")
}

fn stream(entries: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<< /Length {}{entries} >>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// A document with one page for each content stream.
fn document(contents: Vec<Vec<u8>>) -> Vec<u8> {
    let kids: String = (0..contents.len()).map(|n| format!("{} 0 R ", 4 + 2 * n)).collect();
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", contents.len()).into_bytes(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Type /Encoding \
          /BaseEncoding /WinAnsiEncoding /Differences [1 /fi] >> >>"
            .to_vec(),
    ];
    for (n, content) in contents.into_iter().enumerate() {
        let page = format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R >> /XObject << /X {} 0 R >> >> >>",
            5 + 2 * n,
            5 + 2 * n
        );
        objects.extend([page.into_bytes(), content]);
    }
    assembled(&objects)
}

/// Numbers the objects from 1 and adds their table.
fn assembled(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut table = String::from("0000000000 65535 f \n");
    for (n, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", file.len());
        file.extend(format!("{} 0 obj\n", n + 1).bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let (count, at) = (objects.len() + 1, file.len());
    let end =
        format!("xref\n0 {count}\n{table}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n");
    [file, end.into_bytes()].concat()
}

/// A zlib stream that expands to 2064 zero bytes a step: Deflate's fixed code, each match 258 bytes long.
fn zeros(steps: usize) -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    // The last block, fixed code; a literal zero; length 258 at distance 1.
    let mut push = |code: &str| bits.extend(code.bytes().map(|bit| bit == b'1'));
    push("110");
    push("00110000");
    (0..8 * steps).for_each(|_| push("1100010100000"));
    push("0000000");
    let byte = |bits: &[bool]| bits.iter().rev().fold(0_u8, |byte, bit| byte << 1 | u8::from(*bit));
    let total = (2064 * steps + 1) as u32;
    [vec![0x78, 0x9c], bits.chunks(8).map(byte).collect(), ((total % 65521) << 16 | 1).to_be_bytes().to_vec()]
        .concat()
}

/// PDFs that are made to hurt, with what is said of each.
pub(crate) fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let whole = pdf("The relay keeps its slot.\n");
    let loops = stream(
        " /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>",
        b"BT /F1 9 Tf (x) Tj ET /X Do\n",
    );
    let bomb = stream(" /Filter /FlateDecode", &zeros(400_000));
    vec![
        ("half.pdf", whole[..whole.len() / 2].to_vec()),
        ("head.pdf", b"%PDF-1.7\n1 0 obj\n".to_vec()),
        ("deep.pdf", [b"%PDF-1.7\n1 0 obj\n".to_vec(), b"[<<".repeat(1 << 20)].concat()),
        ("loop.pdf", document(vec![loops])),
        ("bomb.pdf", document(vec![bomb])),
        (
            "tree.pdf",
            assembled(&[
                b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
                b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9 /Parent 2 0 R >>".to_vec(),
            ]),
        ),
    ]
}

#[test]
fn a_typeset_copy_names_its_member() {
    let desk = rendered();
    let copy = fs::read_to_string(desk.path("copies/bolt/advisory.md")).unwrap();
    let typeset = pdf(&copy);
    let shown = String::from_utf8_lossy(&typeset);
    assert!(shown.contains("-) Tj") && shown.contains("\\001"), "no word is parted, or no ligature is set");
    desk.write("paper.pdf", &typeset);
    desk.write("mail.zip", zipped(&[("share/paper.pdf", &typeset)]));
    let plain = trace(&desk, &["copies/bolt/advisory.md"]);
    for leak in ["paper.pdf", "mail.zip"] {
        let traced = trace(&desk, &[leak]);
        assert_eq!(traced["accused"][0]["member"], "bolt", "{leak}: {traced:#}");
        assert_eq!(traced["accused"].as_array().unwrap().len(), 1);
        let read = |traced: &serde_json::Value| traced["sites"]["read"].as_u64().unwrap();
        assert!(10 * read(&traced) >= 9 * read(&plain), "{leak}: {} of {}", traced["sites"], plain["sites"]);
    }
}

#[test]
fn a_program_traces_a_pdf_and_hashes_it_as_found() {
    let (desk, copy) = leaking();
    desk.write("paper.pdf", pdf(&copy));
    let (exhibits, said) = sighted(&desk, &["paper.pdf"]);
    let hash = engine::hash::sha256(&fs::read(desk.path("paper.pdf")).unwrap()).to_string();
    assert_eq!((&exhibits[0]["sha256"], said.as_str()), (&json!(hash), ""));
    let traced = desk.json_by("ines", &["trace", "S1"]);
    assert_eq!(traced["accused"][0]["member"], "veltrune", "{traced:#}");
    assert_eq!(desk.json_by("alice", &["trace", "S1"]), traced, "read again, it says the same");
}

#[test]
fn a_pdf_that_cannot_be_read_is_refused_in_words() {
    let desk = rendered();
    let refused = |name: &str, part: &str| {
        let args = ["mark", "trace", &package(), "--key", "release.key", "--members", "members.txt", name];
        let said = desk.refused(&args);
        assert!(said.starts_with(&format!("`{name}`: is a PDF")) && said.contains(part), "{said}");
    };
    desk.write("scan.pdf", document(vec![stream("", b"0 0 9 9 re f\n")]));
    refused("scan.pdf", "without text, likely a scan: give its text");
    for (name, bytes) in hostile() {
        desk.write(name, bytes);
        refused(name, "give its text");
    }
}

#[test]
fn the_process_that_reads_pdfs_answers_anything() {
    let desk = Desk::empty();
    // Nothing on standard input is no PDF.
    let ran = desk.run(&["read-pdf"]);
    assert!(ran.out.starts_with("forewarn-pdf/1 -"), "{}{}", ran.out, ran.err);
}
