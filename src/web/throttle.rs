//! Protects passwords from guessing: after some wrong ones the next attempt must wait, longer each time. An attempt counts before its
//! password is checked, so that concurrent attempts gain nothing; the right password resets the count.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

/// Wrong passwords for one name from one address before the next attempt must wait.
const FREE: u32 = 5;
/// The same for one name from all addresses, or one address for all names: users behind one network share it.
const SHARED: u32 = 50;
/// The longest wait.
const LONGEST: TimeDelta = TimeDelta::minutes(15);
/// Maximum number of names and addresses remembered.
const MOST: usize = 10_000;
/// Maximum number of names remembered with their sign-in addresses.
const FAMILIAR: usize = 1_000;

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    until: DateTime<Utc>,
}

#[derive(Default)]
struct Known {
    failures: HashMap<String, Failures>,
    /// Addresses from which a name has signed in before: wrong passwords from elsewhere do not block these.
    familiar: HashMap<String, DateTime<Utc>>,
}

/// Recent wrong passwords, by name and address.
#[derive(Default)]
pub(super) struct Throttle(Mutex<Known>);

/// A counted attempt.
pub(super) struct Try {
    keys: Vec<(String, u32)>,
    pair: String,
}

/// The part of an address that identifies a client: an IPv6 client can choose the lower half itself.
fn network(from: IpAddr) -> String {
    match from.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) >> 64 << 64).to_string(),
    }
}

fn wait(beyond: u32) -> TimeDelta {
    if beyond == 0 { TimeDelta::zero() } else { TimeDelta::seconds(10 << beyond.min(10)).min(LONGEST) }
}

impl Throttle {
    /// Counts an attempt. `from` is none if a proxy does not report the client, as its users are not one client.
    ///
    /// # Errors
    /// The time to wait before the next password is checked.
    pub fn begin(&self, name: &str, from: Option<IpAddr>, now: DateTime<Utc>) -> Result<Try, TimeDelta> {
        let name: String = name.to_lowercase().chars().take(100).collect();
        let place = from.map(network).unwrap_or_default();
        let pair = format!("{place} {name}");
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = Vec::with_capacity(3);
        match from {
            Some(_) => keys.extend([(pair.clone(), FREE), (place, SHARED)]),
            None => keys.push((pair.clone(), SHARED)),
        }
        if from.is_some() && !known.familiar.contains_key(&pair) {
            keys.push((format!(" {name}"), SHARED));
        }
        let waits = keys.iter().filter_map(|(key, _)| known.failures.get(key)).map(|failures| failures.until - now);
        if let Some(wait) = waits.max().filter(|wait| *wait > TimeDelta::zero()) {
            return Err(wait);
        }
        known.make_room(now);
        for (key, free) in &keys {
            let failures = known.failures.entry(key.clone()).or_insert(Failures { count: 0, until: now });
            if now - failures.until > LONGEST {
                failures.count = 0;
            }
            failures.count += 1;
            failures.until = now + wait(failures.count.saturating_sub(*free));
        }
        Ok(Try { keys, pair })
    }

    /// The password could not be checked: the attempt does not count.
    pub fn forgive(&self, one: &Try, now: DateTime<Utc>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.forgive(one, now);
    }

    /// The password was right: the attempt does not count, and the address is remembered for this name.
    pub fn succeeded(&self, one: &Try, now: DateTime<Utc>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.forgive(one, now);
        known.failures.remove(&one.pair);
        if known.familiar.len() >= FAMILIAR
            && let Some(oldest) = known.familiar.iter().min_by_key(|(_, at)| **at).map(|(pair, _)| pair.clone())
        {
            known.familiar.remove(&oldest);
        }
        known.familiar.insert(one.pair.clone(), now);
    }
}

impl Known {
    fn forgive(&mut self, one: &Try, now: DateTime<Utc>) {
        for (key, free) in &one.keys {
            if let Some(failures) = self.failures.get_mut(key) {
                // An entry that was evicted meanwhile starts again.
                failures.count = failures.count.saturating_sub(1);
                if failures.count <= *free {
                    failures.until = failures.until.min(now);
                }
            }
        }
    }

    /// Removes entries whose wait ended long ago, then those with the fewest attempts. So a flood of invented names does not evict the
    /// real ones.
    fn make_room(&mut self, now: DateTime<Utc>) {
        if self.failures.len() < MOST {
            return;
        }
        self.failures.retain(|_, failures| failures.until + LONGEST > now);
        if self.failures.len() < MOST {
            return;
        }
        let mut counts: Vec<u32> = self.failures.values().map(|failures| failures.count).collect();
        counts.sort_unstable();
        let (least, mut surplus) = (counts[MOST / 10], MOST / 5);
        self.failures.retain(|_, failures| {
            let goes = surplus > 0 && failures.count <= least;
            surplus -= usize::from(goes);
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn wrong(throttle: &Throttle, name: &str, from: IpAddr, now: DateTime<Utc>) -> Option<TimeDelta> {
        throttle.begin(name, Some(from), now).err()
    }

    #[test]
    fn the_seventh_password_waits_and_each_further_one_longer() {
        let (throttle, mut now) = (Throttle::default(), DateTime::UNIX_EPOCH);
        let (here, there) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
        for _ in 0..5 {
            assert_eq!(wrong(&throttle, "anna", here, now), None);
        }
        assert_eq!(wrong(&throttle, "ANNA", here, now), None);
        assert_eq!(wrong(&throttle, "anna", here, now), Some(TimeDelta::seconds(20)));
        assert_eq!(wrong(&throttle, "anna", there, now), None, "she herself, elsewhere, is not locked out");
        now += TimeDelta::seconds(20);
        assert_eq!(wrong(&throttle, "anna", here, now), None);
        assert_eq!(wrong(&throttle, "anna", here, now), Some(TimeDelta::seconds(40)));
        now += TimeDelta::hours(1);
        assert_eq!(wrong(&throttle, "anna", here, now), None);
    }

    #[test]
    fn whoever_has_signed_in_from_there_before_is_not_locked_out_by_guesses_elsewhere() {
        let (throttle, now) = (Throttle::default(), DateTime::UNIX_EPOCH);
        let at = |number: u8| IpAddr::V4(Ipv4Addr::new(192, 0, 2, number));
        let home = throttle.begin("anna", Some(at(250)), now).unwrap_or_else(|_| panic!("no wait"));
        throttle.succeeded(&home, now);
        // 11 addresses, 5 tries each: then the name waits everywhere else.
        for address in 1..=11 {
            for _ in 0..5 {
                let _ = throttle.begin("anna", Some(at(address)), now);
            }
        }
        assert!(wrong(&throttle, "anna", at(200), now).is_some());
        assert_eq!(wrong(&throttle, "anna", at(250), now), None);
    }

    #[test]
    fn tries_that_were_right_are_not_counted() {
        let (throttle, now) = (Throttle::default(), DateTime::UNIX_EPOCH);
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        for _ in 0..200 {
            let one = throttle.begin("anna", Some(here), now).unwrap_or_else(|_| panic!("no wait"));
            throttle.succeeded(&one, now);
        }
    }

    #[test]
    fn people_behind_a_proxy_that_does_not_say_who_they_are_do_not_lock_each_other_out() {
        let (throttle, now) = (Throttle::default(), DateTime::UNIX_EPOCH);
        for number in 0..200 {
            assert!(throttle.begin(&format!("name-{number}"), None, now).is_ok());
        }
        let tries = (0..200).filter(|_| throttle.begin("root", None, now).is_ok()).count();
        assert_eq!(tries, SHARED as usize + 1);
    }

    #[test]
    fn a_network_of_ipv6_is_one_place() {
        let (throttle, now) = (Throttle::default(), DateTime::UNIX_EPOCH);
        let tries = (0..200u16).filter(|host| {
            let from = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, *host));
            throttle.begin("root", Some(from), now).is_ok()
        });
        assert_eq!(tries.count(), FREE as usize + 1);
    }

    #[test]
    fn made_up_names_fill_no_memory_and_push_nobody_out() {
        let (throttle, now) = (Throttle::default(), DateTime::UNIX_EPOCH);
        for number in 0..60 {
            let _ = throttle.begin("root", Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, number))), now);
        }
        for number in 0..30_000u32 {
            let from = IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number));
            let _ = throttle.begin(&format!("name-{number}"), Some(from), now);
        }
        assert!(throttle.0.lock().expect("not poisoned").failures.len() <= MOST + 3);
        assert!(throttle.begin("root", Some(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1))), now).is_err(), "its wait is not forgotten");
    }
}
