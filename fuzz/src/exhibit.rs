//! The body for what leaked, a file, an archive or a PDF: takes any bytes and panics when reading breaks what it
//! promises.

use engine::exhibit::{Found, MOST_FILES, MOST_TEXT, pdf, texts};

/// Reads a leaked file as text: a refusal says why, and what is read stays within its bounds.
pub fn exhibit(data: &[u8]) {
    let found = [Found { name: String::from("leak"), bytes: data.to_vec() }];
    match texts(&found) {
        Ok(texts) => {
            assert!(!texts.files.is_empty(), "nothing was read and nobody told");
            assert!(texts.files.len() <= MOST_FILES, "{} files", texts.files.len());
            let length: u64 = texts.files.iter().map(|leaked| leaked.file.text.len() as u64).sum();
            assert!(length <= MOST_TEXT, "{length} bytes of text");
            assert!(texts.skipped.iter().all(|skipped| !skipped.why.is_empty()), "what is left out says why");
        }
        Err(error) => assert!(!error.to_string().is_empty(), "a refusal says why"),
    }
}

/// Reads a PDF instead of fuzzing, when called as the process that does.
pub fn serve_pdf() {
    if std::env::args().nth(1).as_deref() == Some(pdf::VERB) {
        let _ = pdf::serve();
        std::process::exit(0);
    }
}
