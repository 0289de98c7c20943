//! Keys, single copies, and what is refused before anything is asked of anybody.

use std::{fs, process::Command};

fn run(args: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forewarn-member"));
    // Nobody has enrolled: what the user who runs the tests has is none of theirs.
    let done = command.args(args).env("FOREWARN_HOME", "/nowhere/at/all").output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

#[test]
fn a_key_is_made_once_and_opens_what_is_sealed_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (code, public, told) = run(&["keygen", "--out", &path("key")]);
    assert_eq!(code, 0, "{told}");
    let (key, signing) = public.trim().split_once('\n').unwrap();
    let key: package::MemberKey = key.parse().unwrap();
    let signing: package::MemberVerifier = signing.parse().unwrap();
    assert!(told.contains(&key.fingerprint()) && told.contains(&signing.fingerprint()), "{told}");
    let signer = package::MemberSigner::parse(&fs::read_to_string(path("key.signkey")).unwrap()).unwrap();
    assert_eq!(signer.verifier(), signing);
    let secret = fs::read(path("key")).unwrap();
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path("key")).unwrap().permissions()) & 0o777,
        0o600
    );
    let (code, _, told) = run(&["keygen", "--out", &path("key")]);
    assert_eq!((code, fs::read(path("key")).unwrap()), (1, secret), "{told}");

    fs::write(path("sealed.age"), package::seal(b"inert", &key).unwrap()).unwrap();
    let open = ["open", "--identity", &path("key"), &path("sealed.age"), "--out", &path("copy")];
    assert_eq!(run(&open).0, 0);
    assert_eq!(fs::read(path("copy")).unwrap(), b"inert");
    let (code, _, told) = run(&open);
    assert!(code == 1 && told.contains("exists"), "{told}");
    run(&["keygen", "--out", &path("other")]);
    let (code, _, told) =
        run(&["open", "--identity", &path("other"), &path("sealed.age"), "--out", &path("no")]);
    assert!(code == 1 && told.contains("not sealed to this key"), "{told}");
    assert!(!dir.path().join("no").exists());
}

#[test]
fn a_token_is_not_sent_in_the_clear_nor_a_file_taken_for_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("token"), "forewarn_00").unwrap();
    fs::write(path("notes"), "my notes").unwrap();
    let status = |url: &str, token: &str| run(&["status", "--url", url, "--token-file", &path(token)]);
    let (code, _, told) = status("http://warn.example", "token");
    assert!(code == 1 && told.contains("in the clear"), "{told}");
    let (code, _, told) = status("https://warn.example", "notes");
    assert!(code == 1 && told.contains("holds no token"), "{told}");
    let (code, _, told) = status("https://warn.example", "nowhere");
    assert!(code == 1 && told.contains("nowhere"), "{told}");
    let (code, _, told) = run(&["fetch"]);
    assert!(code == 1 && told.contains("enrol"), "{told}");
}

#[test]
fn a_folder_that_nobody_fetched_to_is_not_sound() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let (code, told, _) = run(&["verify", "--out", out]);
    assert!(code == 3 && told.contains("SHA256SUMS"), "{told}");
    assert_eq!(run(&["verify", "--out", &format!("{out}/nowhere")]).0, 1);
}
