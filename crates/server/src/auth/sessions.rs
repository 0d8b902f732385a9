//! Login links and what they become: sessions of browsers.
//!
//! What always holds: a link works once and for a minute; neither its code nor a session's secret is kept, only their
//! digests; everything is forgotten when the process ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use caddis_engine::calls::Caller;
use sha2::{Digest, Sha256};

use crate::clock::secret;

/// How long a link works.
pub(crate) const LINK_VALID: Duration = Duration::from_secs(60);
/// How long a session lasts after its last use.
const SESSION_VALID: Duration = Duration::from_secs(12 * 3600);
/// More of a kind than this and the oldest goes.
const MOST: usize = 256;

type Hashed = [u8; 32];

#[derive(Clone, Debug)]
struct Link {
    caller: Caller,
    next: String,
    until: Instant,
}

#[derive(Clone, Debug)]
struct Session {
    caller: Caller,
    until: Instant,
}

/// All links and sessions. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sessions(Arc<Mutex<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    links: HashMap<Hashed, Link>,
    sessions: HashMap<Hashed, Session>,
}

impl Sessions {
    /// A new link's code. It leads to `next`, a path of this server.
    pub(crate) fn link(&self, caller: &Caller, next: String, now: Instant) -> String {
        let code = secret();
        let mut tables = self.tables();
        make_room(&mut tables.links, now, |link| link.until);
        tables.links.insert(hash(&code), Link { caller: caller.clone(), next, until: now + LINK_VALID });
        code
    }

    /// Uses a link up: the secret of a new session, and where to go.
    pub(crate) fn login(&self, code: &str, now: Instant) -> Option<(String, String)> {
        let mut tables = self.tables();
        let link = tables.links.remove(&hash(code)).filter(|link| link.until > now)?;
        let secret = secret();
        make_room(&mut tables.sessions, now, |session| session.until);
        tables.sessions.insert(hash(&secret), Session { caller: link.caller, until: now + SESSION_VALID });
        Some((secret, link.next))
    }

    /// Whose session it is.
    pub(crate) fn caller(&self, secret: &str, now: Instant) -> Option<Caller> {
        let mut tables = self.tables();
        let session = tables.sessions.get_mut(&hash(secret)).filter(|session| session.until > now)?;
        session.until = now + SESSION_VALID;
        Some(session.caller.clone())
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_room<T>(table: &mut HashMap<Hashed, T>, now: Instant, until: impl Fn(&T) -> Instant) {
    table.retain(|_, entry| until(entry) > now);
    while table.len() >= MOST {
        let Some(oldest) = table.iter().min_by_key(|(_, entry)| until(entry)).map(|(key, _)| *key) else { return };
        table.remove(&oldest);
    }
}

fn hash(secret: &str) -> Hashed {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alice() -> Caller {
        Caller { owner: "alice".into() }
    }

    #[test]
    fn a_link_works_once_and_for_a_minute() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let code = sessions.link(&alice(), "/".into(), now);
        let (secret, next) = sessions.login(&code, now).expect("a session");
        assert_eq!((sessions.caller(&secret, now), next.as_str()), (Some(alice()), "/"));
        assert_eq!(sessions.login(&code, now), None, "used up");
        assert_eq!(sessions.caller(&code, now), None, "the code is no session");
        let late = sessions.link(&alice(), "/".into(), now);
        assert_eq!(sessions.login(&late, now + LINK_VALID), None, "too late");
    }

    #[test]
    fn a_session_lasts_while_it_is_used() {
        let (sessions, mut now) = (Sessions::default(), Instant::now());
        let (secret, _) = sessions.login(&sessions.link(&alice(), "/".into(), now), now).expect("a session");
        for _ in 0..3 {
            now += SESSION_VALID / 2;
            assert!(sessions.caller(&secret, now).is_some());
        }
        assert_eq!(sessions.caller(&secret, now + SESSION_VALID), None);
    }

    #[test]
    fn many_links_do_not_grow_for_ever() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        for _ in 0..2 * MOST {
            sessions.link(&alice(), "/".into(), now);
        }
        assert!(sessions.tables().links.len() <= MOST);
    }
}
