//! Limits: counted on all replicas together, told when to come again, and nobody who is due is refused.

use std::sync::Arc;

use ipnet::IpNet;
use jiff::SignedDuration;
use server::{Config, Serving, config::Limits};
use testbed::World;

use crate::http::{Answer, Site, config, send};

const COPY: &str = "/api/v1/cases/c/items/advisory.md/copy";
const OTHER: &str = "/api/v1/cases/c/items/reproduction.py/copy";
/// A token that nobody has, as one is written.
const UNKNOWN: &str = "forewarn_000000000000000000000000000000000000000000000000000000000000000060e05bd1";

/// Two servers on one program: three bad tries a minute, two fetches of a copy again within the hour.
struct Pair {
    site: Site,
    second: Serving,
}

fn limited() -> Config {
    let limits = Limits { bad_tries: 3, repeated_fetches: 2, ..config().limits };
    let here: IpNet = "127.0.0.1/32".parse().unwrap();
    Config { limits, proxies: vec![here], ..config() }
}

impl Pair {
    async fn of(world: World) -> Self {
        let (clock, entropy) = (world.clock.clone(), engine::Entropy::seeded(7));
        let second = Arc::new(engine::Engine::open(&world.root(), clock, entropy).await.unwrap());
        let second = server::serve(second, limited()).await.unwrap();
        // At the beginning of an hour, so that what is counted together falls into one.
        let hour = world.clock.now().as_second().div_euclid(3600) * 3600 + 3600;
        world.clock.set(jiff::Timestamp::from_second(hour).unwrap());
        Self { site: Site::with(world, limited()).await, second }
    }

    /// Asks the first or the second server, as a host that a proxy names.
    async fn ask(&self, which: usize, path: &str, token: &str, from: &str) -> Answer {
        self.with(which, path, token, from, &[]).await
    }

    async fn with(&self, which: usize, path: &str, token: &str, from: &str, more: &[(&str, &str)]) -> Answer {
        let to = [self.site.serving.address, self.second.address][which % 2];
        let bearer = format!("Bearer {token}");
        let headers = [&[("authorization", bearer.as_str()), ("x-forwarded-for", from)], more].concat();
        send(to, "GET", path, &headers, b"").await
    }

    async fn enrol(&self, which: usize, code: &str, from: &str) -> Answer {
        let to = [self.site.serving.address, self.second.address][which % 2];
        let identity = package::Identity::from_random(&[77; 32]).unwrap().to_public();
        let signer = package::MemberSigner::from_random(&[77; 32]);
        let body = serde_json::to_string(&package::EnrolmentRequest::new(code, identity, &signer)).unwrap();
        let headers = [("content-type", "application/json"), ("x-forwarded-for", from)];
        send(to, "POST", "/api/v1/enrol", &headers, body.as_bytes()).await
    }

    fn later(&self, seconds: i64) {
        let now = self.site.world.clock.now();
        self.site.world.clock.set(now.checked_add(SignedDuration::from_secs(seconds)).unwrap());
    }
}

#[track_caller]
fn told_to_wait(answer: &Answer, most: u64) {
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.json()["title"], "too many requests");
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=most).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn tries_with_what_is_not_good_are_counted_by_network_on_all_replicas() {
    let pair = Pair::of(World::due(241).await).await;
    let token = pair.site.of_member("acme").await;
    let me = "/api/v1/me";
    for which in 0..3 {
        assert_eq!(pair.ask(which, me, UNKNOWN, "198.51.100.1").await.status, 401, "{which}");
    }
    told_to_wait(&pair.ask(0, me, UNKNOWN, "198.51.100.1").await, 60);
    told_to_wait(&pair.ask(1, me, "nonsense", "198.51.100.1").await, 60);
    told_to_wait(&pair.enrol(1, "forewarn_enrol_00", "198.51.100.1").await, 60);
    // Whoever shows nothing tries nothing, whoever shows a good token is let in, and another network is another.
    let nobody =
        send(pair.site.serving.address, "GET", me, &[("x-forwarded-for", "198.51.100.1")], b"").await;
    assert_eq!(nobody.status, 401);
    assert_eq!(pair.ask(0, me, &token, "198.51.100.1").await.status, 200);
    assert_eq!(pair.ask(0, me, UNKNOWN, "198.51.100.2").await.status, 401);
    // One customer's IPv6 addresses are one network.
    for host in 1..=3 {
        assert_eq!(pair.ask(host, me, UNKNOWN, &format!("2001:db8:0:{host:x}::1")).await.status, 401);
    }
    told_to_wait(&pair.ask(0, me, UNKNOWN, "2001:db8:0:ff::9").await, 60);
    assert_eq!(pair.ask(0, me, UNKNOWN, "2001:db8:0:100::9").await.status, 401);

    pair.later(60);
    assert_eq!(pair.ask(0, me, UNKNOWN, "198.51.100.1").await.status, 401, "a minute is over");
    let metrics = pair.site.serving.app.metrics.text();
    assert!(metrics.contains("forewarn_limited_tries_total 2"), "{metrics}");
}

#[tokio::test]
async fn unknown_codes_are_counted_and_a_good_one_is_taken() {
    let pair = Pair::of(World::due(242).await).await;
    let until = pair.site.world.clock.now().checked_add(SignedDuration::from_hours(24)).unwrap();
    let invited = pair.site.world.engine.invite(&testbed::user("ann"), testbed::member("bolt"), until).await;
    let code = invited.unwrap().1.reveal().to_owned();
    for which in 0..3 {
        assert_eq!(pair.enrol(which, "forewarn_enrol_00", "198.51.100.1").await.status, 403, "{which}");
    }
    told_to_wait(&pair.enrol(0, "forewarn_enrol_00", "198.51.100.1").await, 60);
    let entries = pair.site.world.entries().await;
    let taken = pair.enrol(1, &code, "198.51.100.1").await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    told_to_wait(&pair.enrol(1, &code, "198.51.100.1").await, 60);
    pair.site.world.engine.refresh().await.unwrap();
    assert!(pair.site.world.entries().await > entries);
}

#[tokio::test]
async fn a_first_fetch_is_never_refused_and_the_same_copy_not_given_without_end() {
    fetches_are_counted(World::due(243).await).await;
}

#[tokio::test]
async fn on_postgres_too() {
    let Some(database) = testbed::postgres::database() else { return };
    fetches_are_counted(World::due_in(244, &testbed::on_server(&database.url)).await).await;
    let database = testbed::postgres::database().unwrap();
    crate::signed::answered_once(World::due_in(245, &testbed::on_server(&database.url)).await).await;
}

async fn fetches_are_counted(world: World) {
    world.release("w1").await.unwrap();
    let pair = Pair::of(world).await;
    let (acme, bolt) = (pair.site.of_member("acme").await, pair.site.of_member("bolt").await);
    let from = "198.51.100.1";
    let first = pair.ask(0, COPY, &acme, from).await;
    assert_eq!(first.status, 200);
    // Going on with it is no fetch, however often the line breaks.
    let tag = first.header("etag").unwrap();
    let on = [("range", "bytes=100-"), ("if-range", tag)];
    for _ in 0..5 {
        assert_eq!(pair.with(0, COPY, &acme, from, &on).await.status, 206);
    }
    for which in 0..2 {
        assert_eq!(pair.ask(which, COPY, &acme, from).await.status, 200, "{which}");
    }
    let entries = pair.site.world.entries().await;
    for which in 0..4 {
        told_to_wait(&pair.ask(which, COPY, &acme, from).await, 3600);
    }
    // From its beginning it is a fetch, whatever it says of a tag; so is another sealing.
    for (range, tag) in
        [("bytes=0-", tag), ("bytes=-9999999", tag), ("bytes=1-2,0-", tag), ("bytes=100-", "\"another\"")]
    {
        told_to_wait(&pair.with(0, COPY, &acme, from, &[("range", range), ("if-range", tag)]).await, 3600);
    }
    assert_eq!(pair.site.world.entries().await, entries, "what is counted is no entry");
    // Another copy, and another member, are due.
    assert_eq!(pair.ask(0, OTHER, &acme, from).await.status, 200);
    assert_eq!(pair.ask(1, COPY, &bolt, from).await.status, 200);
    // What the member may read else it reads.
    assert_eq!(pair.ask(0, "/api/v1/copies", &acme, from).await.status, 200);
    pair.later(3600);
    assert_eq!(pair.ask(0, COPY, &acme, from).await.status, 200, "an hour is over");
    let metrics = pair.site.serving.app.metrics.text();
    assert!(metrics.contains("forewarn_limited_fetches_total 6"), "{metrics}");
}
