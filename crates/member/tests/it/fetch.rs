//! Fetching, and what `verify` says after one byte of anything changed.

use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use engine::{Clock, Engine, Entropy};
use package::ExposeSecret as _;
use program::{
    id::UserId,
    member::{Agreement, MemberCommand},
    token::{Holder, Scope},
};
use server::{Config, Serving};
use testbed::{DAY, World, about, after, files, identity, member, signer, suspend};

pub(crate) struct Desk {
    pub(crate) world: World,
    pub(crate) serving: Serving,
    dir: tempfile::TempDir,
}

pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    /// A program with its first wave released, a server, and acme's key and token in a folder.
    pub(crate) async fn of_acme(seed: u64) -> Self {
        let world = World::due(seed).await;
        world.release("w1").await.unwrap();
        let engine = Arc::clone(&world.engine);
        Self::served(world, engine).await
    }

    /// The same, with a signing key that was confirmed beside acme's key; what the tool signs bears this host's time,
    /// and so the server goes by it.
    async fn that_signs(seed: u64) -> Self {
        let world = World::due(seed).await;
        world.signs("acme").await;
        world.release("w1").await.unwrap();
        let now = Clock::system().now();
        let agreement = Agreement { version: String::from("4"), until: after(now, 300 * DAY * 1_000_000) };
        world.clock.set(now);
        world.ok("ann", about("acme", MemberCommand::SignAgreement { agreement })).await;
        for fingerprint in [identity(0).to_public().fingerprint(), signer(0).verifier().fingerprint()] {
            world.ok("bob", about("acme", MemberCommand::ReconfirmKey { fingerprint })).await;
        }
        let engine = Engine::open(&world.root(), Clock::system(), Entropy::seeded(seed)).await.unwrap();
        let desk = Self::served(world, Arc::new(engine)).await;
        fs::write(desk.path("key.signkey"), signer(0).to_key_file().unwrap().expose_secret()).unwrap();
        desk
    }

    async fn served(world: World, engine: Arc<Engine>) -> Self {
        Self::configured(world, engine, Config::default()).await
    }

    async fn configured(world: World, engine: Arc<Engine>, config: Config) -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config { listen, timer: false, ..config };
        let serving = server::serve(engine, config).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("key"), identity(0).to_key_file().expose_secret()).unwrap();
        let until = after(world.clock.now(), 30 * DAY * 1_000_000);
        let (holder, console) = (Holder::Member(member("acme")), UserId::console());
        let issued =
            world.engine.issue_token(&console, holder, BTreeSet::from([Scope::Fetch]), until, vec![]);
        fs::write(dir.path().join("token"), format!("{}\n", issued.await.unwrap().1.reveal())).unwrap();
        Self { world, serving, dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) async fn run(&self, args: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forewarn-member"));
        command.args(args).current_dir(self.dir.path()).env("FOREWARN_HOME", self.path("home"));
        let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: done.status.code().unwrap(), out: text(done.stdout), err: text(done.stderr) }
    }

    async fn fetch(&self, more: &[&str]) -> Said {
        let url = format!("http://{}", self.serving.address);
        let args = ["fetch", "--url", &url, "--token-file", "token", "--identity", "key", "--out", "early"];
        self.run(&[&args[..], more].concat()).await
    }

    async fn verify(&self) -> Said {
        self.run(&["verify", "--out", "early"]).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_fetched_is_what_was_granted_and_is_fetched_once() {
    let desk = Desk::of_acme(101).await;
    let said = desk.fetch(&[]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("compare it"), "{}", said.err);
    for (item, text) in desk.world.opened("acme").await {
        assert_eq!(fs::read_to_string(desk.path("early").join("c").join(item)).unwrap(), text);
    }
    let before = files(&desk.path("early"));
    let again = desk.fetch(&["--json"]).await;
    assert!(!again.out.contains("true"), "{}", again.out);
    assert_eq!(files(&desk.path("early")), before);
    let sound = desk.verify().await;
    assert_eq!(sound.code, 0, "{}", sound.out);

    // The log grows, and the history with it: each first fetch is an entry.
    desk.world.ok("ann", testbed::harmless("later")).await;
    assert_eq!(desk.fetch(&[]).await.code, 0);
    assert!(desk.verify().await.out.contains("each other: 4"));

    desk.world.ok("ann", suspend("acme")).await;
    let refused = desk.fetch(&[]).await;
    assert!(refused.code == 1 && refused.err.contains("401"), "{}", refused.err);
    assert_eq!(desk.verify().await.code, 0, "what was fetched stays sound, offline");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_byte_changed_anywhere_is_noticed() {
    let desk = Desk::of_acme(102).await;
    assert_eq!(desk.fetch(&[]).await.code, 0);
    let early = desk.path("early");
    let everything = files(&early);
    assert_eq!(everything.len(), 9);
    for (path, _) in everything {
        let good = fs::read(&path).unwrap();
        for at in [0, good.len() / 3, good.len() / 2, good.len() - 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&path, bad).unwrap();
            let said = desk.verify().await;
            assert_eq!(said.code, 3, "{} at {at}: {}", path.display(), said.out);
        }
        fs::remove_file(&path).unwrap();
        assert_ne!(desk.verify().await.code, 0, "{} is gone", path.display());
        fs::write(&path, good).unwrap();
    }
    fs::write(early.join("c/planted.md"), "not fetched").unwrap();
    let said = desk.verify().await;
    assert!(said.code == 3 && said.out.contains("planted.md"), "{}", said.out);
    fs::remove_file(early.join("c/planted.md")).unwrap();
    assert_eq!(desk.verify().await.code, 0);
    // Whoever changes a copy together with the list is found out by the receipt.
    let copy = early.join("c/advisory.md");
    let changed = fs::read_to_string(&copy).unwrap().replacen("relay", "delay", 1);
    fs::write(&copy, &changed).unwrap();
    relist(&early, "c/advisory.md");
    let said = desk.verify().await;
    assert!(said.code == 3 && said.out.contains("not the one the log granted"), "{}", said.out);
    // The next fetch mends it.
    assert_eq!(desk.fetch(&[]).await.code, 0);
    assert_eq!(desk.verify().await.code, 0);
}

fn relist(early: &Path, name: &str) {
    let list = fs::read_to_string(early.join("SHA256SUMS")).unwrap();
    let fresh = package::Digest::of(&fs::read(early.join(name)).unwrap());
    let lines = list.lines().map(|line| match line.split_once("  ") {
        Some((_, path)) if path == name => format!("{fresh}  {path}\n"),
        _ => format!("{line}\n"),
    });
    fs::write(early.join("SHA256SUMS"), lines.collect::<String>()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_log_or_another_key_is_refused() {
    let desk = Desk::of_acme(103).await;
    let other = World::founded(104).await;
    let stranger = fs::read_to_string(other.root().join("vkey")).unwrap();
    let refused = desk.fetch(&["--vkey", stranger.trim_end()]).await;
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(!desk.path("early/c").exists(), "nothing is written that a pinned key does not vouch for");
    fs::remove_dir_all(desk.path("early")).unwrap();
    assert_eq!(desk.fetch(&[]).await.code, 0);
    let refused = desk.fetch(&["--vkey", stranger.trim_end()]).await;
    assert!(refused.err.contains("pinned another key"), "{}", refused.err);

    fs::remove_dir_all(desk.path("early")).unwrap();
    fs::write(desk.path("key"), identity(1).to_key_file().expose_secret()).unwrap();
    let refused = desk.fetch(&[]).await;
    assert!(refused.code == 1 && refused.err.contains("not sealed to this key"), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_broke_off_goes_on_and_a_hook_runs_for_what_is_new() {
    let desk = Desk::of_acme(105).await;
    // What an earlier attempt left, of a sealing that nobody has any more: it is fetched whole.
    let part = desk.path("early/.forewarn/part/c");
    fs::create_dir_all(&part).unwrap();
    fs::write(part.join("advisory.md.age"), b"age-encryption.org/v1 cut").unwrap();
    fs::write(part.join("advisory.md.tag"), "\"gone\"").unwrap();
    let said = desk
        .fetch(&["--exec", "echo \"$FOREWARN_CASE/$FOREWARN_ITEM\" >> hooked; test -f \"$FOREWARN_FILE\""])
        .await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(!said.err.contains("ended with"), "{}", said.err);
    let hooked: BTreeSet<String> =
        fs::read_to_string(desk.path("hooked")).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(hooked, BTreeSet::from(["c/advisory.md".into(), "c/reproduction.py".into()]));
    assert_eq!(desk.verify().await.code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmed_key_signs_each_fetch_and_the_receipt_holds_the_first() {
    let desk = Desk::that_signs(106).await;
    desk.world.ok("ann", about("acme", MemberCommand::RequireSignature { required: true })).await;
    // Without the key, and with one that nobody confirmed, nothing comes and it is said why.
    fs::rename(desk.path("key.signkey"), desk.path("kept")).unwrap();
    let refused = desk.fetch(&[]).await;
    assert!(refused.code == 1 && refused.err.contains("signed fetches alone"), "{}", refused.err);
    fs::write(desk.path("other"), signer(1).to_key_file().unwrap().expose_secret()).unwrap();
    let refused = desk.fetch(&["--signing-key", "other"]).await;
    assert!(refused.code == 1 && refused.err.contains("signed fetches alone"), "{}", refused.err);
    assert!(!desk.path("early/c").exists());

    let said = desk.fetch(&["--signing-key", "kept"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let sound = desk.verify().await;
    let fingerprint = signer(0).verifier().fingerprint();
    assert!(sound.out.contains(&format!("by signed request: 2 (by the key {fingerprint})")), "{}", sound.out);
    let receipt = desk.path("early/c/advisory.md.receipt.json");
    let json = fs::read_to_string(&receipt).unwrap();
    assert!(json.starts_with("{\"v\":3,") && json.contains("\"fetch\":{"), "{json}");
    // A receipt whose member's signature was taken out does not pass as one without.
    let cut = json.split_once(",\"fetch\":").unwrap().0.replacen("\"v\":3", "\"v\":1", 1);
    fs::write(&receipt, format!("{cut}}}")).unwrap();
    assert_eq!(desk.verify().await.code, 3);
    fs::write(&receipt, json).unwrap();

    // Fetched again into another folder: signed anew, the receipt holds the first still.
    fs::rename(desk.path("kept"), desk.path("key.signkey")).unwrap();
    fs::rename(desk.path("early"), desk.path("before")).unwrap();
    assert_eq!(desk.fetch(&[]).await.code, 0);
    assert!(desk.verify().await.out.contains("by signed request: 2"));
    testbed::sound(&desk.world.verify().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_was_not_confirmed_keeps_nobody_from_fetching() {
    let desk = Desk::that_signs(107).await;
    fs::write(desk.path("key.signkey"), signer(1).to_key_file().unwrap().expose_secret()).unwrap();
    let said = desk.fetch(&[]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(desk.verify().await.out.contains("by signed request: 0;"));

    // Nor does a clock that stands elsewhere, as this host's does from where the other program stands.
    let desk = Desk::of_acme(108).await;
    desk.world.signs("acme").await;
    fs::write(desk.path("key.signkey"), signer(0).to_key_file().unwrap().expose_secret()).unwrap();
    let said = desk.fetch(&[]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("without a signature") && said.err.contains("set your clock"), "{}", said.err);
    // It does where fetches must be signed.
    desk.world.ok("ann", about("acme", MemberCommand::RequireSignature { required: true })).await;
    fs::remove_dir_all(desk.path("early")).unwrap();
    let said = desk.fetch(&[]).await;
    assert!(said.code == 1 && said.err.contains("set your clock"), "{}", said.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bound_token_fetches_with_its_certificate_alone() {
    let world = World::due(109).await;
    world.release("w1").await.unwrap();
    let files = tempfile::tempdir().unwrap();
    let made = |name: &str| {
        let own = rcgen::generate_simple_self_signed([String::from("localhost")]).unwrap();
        let (certificate, key) = (files.path().join(name), files.path().join(format!("{name}.key")));
        fs::write(&certificate, own.cert.pem()).unwrap();
        fs::write(&key, own.signing_key.serialize_pem()).unwrap();
        (certificate, key)
    };
    let (certificate, key) = made("server");
    let tls = server::config::Tls { certificate: certificate.clone(), key, client_certificates: true };
    let engine = Arc::clone(&world.engine);
    let desk = Desk::configured(world, engine, Config { tls: Some(tls), ..Config::default() }).await;
    let (mine, my_key) = made("mine");
    let pinned = engine::tls::fingerprint(&fs::read(&mine).unwrap()).unwrap();
    let until = after(desk.world.clock.now(), 30 * DAY * 1_000_000);
    let (console, holder) = (UserId::console(), Holder::Member(member("acme")));
    let scopes = BTreeSet::from([Scope::Fetch]);
    let issued = desk.world.engine.issue_bound_token(&console, holder, scopes, until, (vec![], Some(pinned)));
    fs::write(desk.path("token"), issued.await.unwrap().1.reveal()).unwrap();

    let url = format!("https://localhost:{}", desk.serving.address.port());
    let ca = certificate.to_str().unwrap();
    let base = ["--token-file", "token", "--identity", "key", "--out", "early", "--ca", ca, "--url", &url];
    let fetch = async |more: &[&str]| desk.run(&[&["fetch"][..], &base, more].concat()).await;
    let refused = fetch(&[]).await;
    assert!(refused.code == 1 && refused.err.contains("401"), "{}", refused.err);
    let (mine, my_key) = (mine.to_str().unwrap(), my_key.to_str().unwrap());
    assert_eq!(fetch(&["--certificate", mine]).await.code, 2, "a certificate goes with its key");
    let swapped = fetch(&["--certificate", mine, "--certificate-key", "token"]).await;
    assert!(swapped.code == 1 && swapped.err.contains("no private key"), "{}", swapped.err);
    let said = fetch(&["--certificate", mine, "--certificate-key", my_key]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(desk.verify().await.code, 0);
}
