//! Passwords are not guessed: after some that were wrong, the next has to wait, longer each time.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

/// Wrong passwords for one name from one address before the next has to wait.
const FREE: u32 = 5;
/// The same for one name from anywhere, or from one address for any name: people behind one proxy share it.
const SHARED: u32 = 50;
/// The longest wait.
const LONGEST: TimeDelta = TimeDelta::minutes(15);
/// Names and addresses remembered.
const MOST: usize = 10_000;

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    until: DateTime<Utc>,
}

/// Who has typed wrong passwords lately.
#[derive(Default)]
pub(super) struct Throttle(Mutex<HashMap<String, Failures>>);

fn keys(name: &str, from: IpAddr) -> [(String, u32); 3] {
    let name: String = name.to_lowercase().chars().take(100).collect();
    [(format!("{from} {name}"), FREE), (format!("{from}"), SHARED), (format!(" {name}"), SHARED)]
}

impl Throttle {
    /// How long somebody has to wait before the next password is looked at.
    pub fn wait(&self, name: &str, from: IpAddr, now: DateTime<Utc>) -> Option<TimeDelta> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = keys(name, from).into_iter().filter_map(|(key, _)| known.get(&key)).map(|failures| failures.until - now);
        waits.max().filter(|wait| *wait > TimeDelta::zero())
    }

    /// A password was wrong.
    pub fn failed(&self, name: &str, from: IpAddr, now: DateTime<Utc>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > MOST {
            known.retain(|_, failures| failures.until + LONGEST > now);
        }
        if known.len() > MOST {
            known.clear();
        }
        for (key, free) in keys(name, from) {
            let failures = known.entry(key).or_insert(Failures { count: 0, until: now });
            if now - failures.until > LONGEST {
                failures.count = 0;
            }
            failures.count += 1;
            let beyond = failures.count.saturating_sub(free);
            let wait = if beyond == 0 { TimeDelta::zero() } else { TimeDelta::seconds(10 << beyond.min(10)).min(LONGEST) };
            failures.until = now + wait;
        }
    }

    /// A password was right.
    pub fn succeeded(&self, name: &str, from: IpAddr) {
        let [(pair, _), ..] = keys(name, from);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&pair);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_sixth_password_waits_and_each_further_one_longer() {
        let (throttle, mut now) = (Throttle::default(), DateTime::UNIX_EPOCH);
        let (here, there) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
        for _ in 0..5 {
            assert_eq!(throttle.wait("anna", here, now), None);
            throttle.failed("anna", here, now);
        }
        assert_eq!(throttle.wait("anna", here, now), None);
        throttle.failed("ANNA", here, now);
        assert_eq!(throttle.wait("anna", here, now), Some(TimeDelta::seconds(20)));
        assert_eq!(throttle.wait("anna", there, now), None, "she herself, elsewhere, is not locked out");
        now += TimeDelta::seconds(20);
        throttle.failed("anna", here, now);
        assert_eq!(throttle.wait("anna", here, now), Some(TimeDelta::seconds(40)));
        now += TimeDelta::hours(1);
        assert_eq!(throttle.wait("anna", here, now), None);
        // 10 addresses, 5 tries each: then the name waits everywhere.
        for address in 1..=11 {
            for _ in 0..5 {
                throttle.failed("anna", IpAddr::V4(Ipv4Addr::new(192, 0, 2, address)), now);
            }
        }
        assert!(throttle.wait("anna", IpAddr::V4(Ipv4Addr::new(192, 0, 2, 200)), now).is_some());
    }

    #[test]
    fn made_up_names_fill_no_memory() {
        let throttle = Throttle::default();
        for number in 0..20_000 {
            throttle.failed(&format!("name-{number}"), IpAddr::V4(Ipv4Addr::LOCALHOST), DateTime::UNIX_EPOCH);
        }
        assert!(throttle.0.lock().expect("not poisoned").len() <= MOST + 3);
    }
}
