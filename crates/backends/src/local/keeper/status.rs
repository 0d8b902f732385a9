//! What members say: over their status socket, or, after an adoption, in `ready.json`.

use std::fs;

use serde::Deserialize;
use serde_json::Value;

use super::clock;
use super::keeper::Keeper;
use super::say;
use super::wire::State;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    ready: Option<Value>,
    note: Option<Value>,
}

impl Keeper {
    /// Reads what a member has said.
    pub(super) fn hear_member(&mut self, key: &str) {
        let Some(status) = self
            .members
            .get_mut(key)
            .and_then(|member| member.status.as_mut())
        else {
            return;
        };
        let lines = status.read();
        let open = status.is_open();
        for line in lines {
            match serde_json::from_slice::<Said>(&line) {
                Ok(said) => self.take_word(key, said),
                Err(error) => say(&format!("`{key}` said what is not understood: {error}")),
            }
        }
        let member = self.members.get_mut(key);
        if let Some(member) = member.filter(|member| !open && member.launching.is_none()) {
            member.status = None;
        }
    }

    fn take_word(&mut self, key: &str, said: Said) {
        let Some(member) = self.members.get_mut(key) else {
            return;
        };
        let record = member.record_mut();
        if let Some(ready) = said.ready {
            record.ready = Some(ready);
            if record.state == State::Started {
                (record.state, record.ready_at) = (State::Ready, Some(clock::wall()));
            }
        }
        if said.note.is_some() {
            record.note = said.note;
        }
        self.changed(key);
        self.crash_point("ready");
    }

    /// Looks for the file of a member whose status socket the keeper before us took with it.
    pub(super) fn look_for_ready(&mut self, key: &str) {
        let Some(member) = self.members.get(key) else {
            return;
        };
        if member.record().state != State::Started || member.status.is_some() {
            return;
        }
        let text = fs::read(member.record().folder.join("ready.json")).unwrap_or_default();
        if let Ok(ready) = serde_json::from_slice::<Value>(&text) {
            self.take_word(
                key,
                Said {
                    ready: Some(ready),
                    note: None,
                },
            );
        }
    }
}
