//! How often somebody may come. What is counted is counted for all replicas together; whoever is due is never refused:
//! a good token passes whatever others tried from the same network, and a first fetch is not counted.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use axum::http::HeaderMap;
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use program::id::MemberId;

use crate::{app::App, problem::Problem};

/// Within how long tries with what is not good are counted.
const TRIES: SignedDuration = SignedDuration::from_mins(1);

/// Within how long repeated fetches of one copy are counted.
const FETCHES: SignedDuration = SignedDuration::from_hours(1);

/// How many ceremonies one network may begin within that time: an office, at nine o'clock.
const BEGUN: u64 = 120;

/// How many networks this process remembers as having tried too often.
const REMEMBERED: usize = 4096;

/// Networks that tried too often, and until when; for these nobody needs to ask the database.
#[derive(Debug, Default)]
pub struct Full(Mutex<BTreeMap<IpNet, Timestamp>>);

impl Full {
    fn until(&self, network: &IpNet, now: Timestamp) -> Option<Timestamp> {
        let full = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        full.get(network).copied().filter(|until| now < *until)
    }

    fn remember(&self, network: IpNet, until: Timestamp, now: Timestamp) {
        let mut full = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        full.retain(|_, until| now < *until);
        if full.len() < REMEMBERED {
            full.insert(network, until);
        }
    }
}

/// Counts a try with a token, a code or a sign-in that is not good; says so when there were too many from this network.
///
/// Only what is not good comes here, so that nobody is kept out by what others tried.
pub(crate) async fn bad_try(app: &App, from: IpAddr) -> Option<Problem> {
    let (most, now, network) = (app.config.limits.bad_tries, app.engine.clock().now(), network(from));
    if most == 0 {
        return None;
    }
    let limited = |until: Timestamp| {
        app.metrics.limited_tries.inc();
        let says = "too many tries from your network with what is not good";
        Some(Problem::too_many(says, until, now))
    };
    if let Some(until) = app.full.until(&network, now) {
        return limited(until);
    }
    match app.engine.tally(&format!("try\n{network}"), TRIES).await {
        Ok((count, until)) if count > u64::from(most) => {
            app.full.remember(network, until, now);
            limited(until)
        }
        Ok(_) => None,
        Err(error) => {
            tracing::warn!(error = %error, "tries cannot be counted");
            None
        }
    }
}

/// Counts a ceremony that nobody signed in begins; each is a row for some minutes, and there is room for so many.
///
/// # Errors
/// [`Problem::too_many`], for the rest of the minute.
pub(crate) async fn begun(app: &App, from: IpAddr) -> Result<(), Problem> {
    let counted = app.engine.tally(&format!("begun\n{}", network(from)), TRIES).await;
    let (count, until) = counted.map_err(|error| Problem::of_store(&error))?;
    if count <= BEGUN {
        return Ok(());
    }
    app.metrics.limited_tries.inc();
    let says = "too many sign-ins were begun from your network";
    Err(Problem::too_many(says, until, app.engine.clock().now()))
}

/// Counts one more fetch of a copy that its member has fetched before.
///
/// # Errors
/// [`Problem::too_many`], for the rest of the hour.
pub(crate) async fn fetched_again(app: &App, member: &MemberId, grant: u64) -> Result<(), Problem> {
    let most = u64::from(app.config.limits.repeated_fetches);
    if most == 0 {
        return Ok(());
    }
    let name = format!("fetch\n{member}\n{grant}");
    // Looked at first: whoever goes on asking does not go on writing.
    let (mut count, until) =
        app.engine.tallied(&name, FETCHES).await.map_err(|error| Problem::of_store(&error))?;
    if count < most {
        (count, _) = app.engine.tally(&name, FETCHES).await.map_err(|error| Problem::of_store(&error))?;
        if count <= most {
            return Ok(());
        }
    }
    app.metrics.limited_fetches.inc();
    let says = "you have fetched this copy again too often; what you have is still good";
    Err(Problem::too_many(says, until, app.engine.clock().now()))
}

/// Returns the network that an address is counted with: an IPv4 host, or what one IPv6 customer usually has.
fn network(from: IpAddr) -> IpNet {
    match from.to_canonical() {
        IpAddr::V4(address) => IpNet::from(IpAddr::V4(address)),
        IpAddr::V6(address) => {
            ipnet::Ipv6Net::new(address, 56).map_or_else(|_| IpNet::from(from), |net| net.trunc().into())
        }
    }
}

/// Returns where a request comes from: the peer, or what proxies in front say, as far as these are ours.
pub(crate) fn source(headers: &HeaderMap, peer: IpAddr, proxies: &[IpNet]) -> IpAddr {
    let ours = |address: &IpAddr| proxies.iter().any(|net| net.contains(&address.to_canonical()));
    if !ours(&peer) {
        return peer;
    }
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let named: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut from = peer;
    // The nearest proxy wrote the last one; what stands before a stranger's may be anybody's word.
    for name in named.iter().rev() {
        let Ok(address) = name.parse::<IpAddr>() else { break };
        from = address;
        if !ours(&address) {
            break;
        }
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_our_own_proxies_say_is_believed() {
        let ours: [IpNet; 2] = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let from = |peer: &str, lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            source(&headers, peer.parse().unwrap(), &ours).to_string()
        };
        assert_eq!(from("192.0.2.9", &["198.51.100.1"]), "192.0.2.9", "a stranger's word");
        assert_eq!(from("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(from("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(from("::ffff:10.0.0.1", &["203.0.113.5, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(from("10.0.0.1", &["203.0.113.5, 198.51.100.1", "10.0.0.2"]), "198.51.100.1");
        assert_eq!(from("10.0.0.1", &["203.0.113.5, nonsense, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(from("::1", &["2001:db8::7"]), "2001:db8::7");
    }

    #[test]
    fn addresses_are_counted_by_the_network_of_one_customer() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("192.0.2.9"), "192.0.2.9/32");
        assert_eq!(of("::ffff:192.0.2.9"), "192.0.2.9/32");
        assert_eq!(of("2001:db8:1:2ff::1"), "2001:db8:1:200::/56");
        assert_ne!(of("2001:db8:1:2ff::1"), of("2001:db8:1:3ff::1"));
    }

    #[test]
    fn the_memory_of_full_networks_is_bounded_and_ends() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let net = |number: u32| network(IpAddr::V4(number.into()));
        let full = Full::default();
        for number in 0..5000 {
            full.remember(net(number), at(60), at(0));
        }
        assert_eq!(full.0.lock().unwrap().len(), REMEMBERED);
        assert_eq!((full.until(&net(1), at(59)), full.until(&net(1), at(60))), (Some(at(60)), None));
        full.remember(net(9999), at(120), at(60));
        assert_eq!(full.0.lock().unwrap().len(), 1);
    }
}
