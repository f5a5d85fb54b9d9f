//! Gathering one call's record: one request after another.

use super::{Ask, bland, elevenlabs, retell, telnyx, vapi};
use crate::{Error, Form, document, together, without_secrets};

impl Form {
    /// Gathers the record of one call, by the platform's identifier of it: [`Notice::conversation`](crate::Notice), or of
    /// Telnyx [`Notice::call`](crate::Notice) where there is no other. None: this platform has no API that tells of calls.
    pub fn gather(self, conversation: &str) -> Option<Gathering> {
        let id = conversation.to_owned();
        let whole = |path: &str, record| Steps::Whole(Whole { path: format!("{path}{}", super::escaped(&id)), record });
        let steps = match self {
            Self::Native => return None,
            Self::Telnyx => Steps::Telnyx(telnyx::Steps::new(&id)),
            Self::Vapi => Steps::Vapi(vapi::Steps::new(&id)),
            Self::Retell => whole(retell::CALL, retell::record),
            Self::ElevenLabs => whole(elevenlabs::CALL, elevenlabs::record),
            Self::Bland => whole(bland::CALL, bland::record),
        };
        Some(Gathering { form: self, id, steps, record: None })
    }
}

/// Gathers a call's record by asking, one request after another. Pure: whoever has it sends the asks.
#[derive(Debug, Clone)]
pub struct Gathering {
    form: Form,
    id: String,
    steps: Steps,
    /// What was gathered, once it is whole.
    record: Option<Vec<u8>>,
}

#[derive(Debug, Clone)]
enum Steps {
    Whole(Whole),
    Telnyx(telnyx::Steps),
    Vapi(vapi::Steps),
}

/// One request gives the whole call.
#[derive(Debug, Clone)]
struct Whole {
    path: String,
    /// Writes the answer as the webhook's payload.
    record: fn(&[u8]) -> Result<Vec<u8>, Error>,
}

impl Gathering {
    /// What to ask next. None: the record is whole.
    pub fn next(&self) -> Option<Ask> {
        if self.record.is_some() {
            return None;
        }
        Some(match &self.steps {
            Steps::Whole(whole) => Ask::get(whole.path.clone()),
            Steps::Telnyx(steps) => steps.next(),
            Steps::Vapi(steps) => steps.next(),
        })
    }

    /// Takes the body of the answer to [`next`](Self::next), whatever its status.
    ///
    /// # Errors
    /// The platform refuses, in its own words; [`Error::UnderWay`]: the call isn't over; the answer tells of another call,
    /// or can't be read as a call, or never ends.
    pub fn answered(&mut self, body: &[u8]) -> Result<(), Error> {
        let record = match &mut self.steps {
            Steps::Whole(whole) => Some((whole.record)(body)?),
            Steps::Telnyx(steps) => steps.answered(&document::tree(body)?, body)?,
            Steps::Vapi(steps) => steps.answered(&document::tree(body)?)?,
        };
        record.map_or(Ok(()), |record| self.finished(record))
    }

    /// Goes on without an answer to [`next`](Self::next), which the platform says it doesn't have (404): whether the call is
    /// told without it, as without an assistant that was deleted since. False: nothing changed.
    ///
    /// # Errors
    /// What there is can't be read as a call.
    pub fn without(&mut self) -> Result<bool, Error> {
        let record = match &mut self.steps {
            Steps::Whole(_) => return Ok(false),
            Steps::Telnyx(steps) => match steps.without() {
                Some(record) => Some(record),
                None => return Ok(false),
            },
            Steps::Vapi(steps) => match steps.without() {
                true => steps.record(),
                false => return Ok(false),
            },
        };
        record.map_or(Ok(()), |record| self.finished(record))?;
        Ok(true)
    }

    fn finished(&mut self, record: Vec<u8>) -> Result<(), Error> {
        if self.form != Form::Telnyx {
            let told = self.form.parse(&record)?.conversation.id;
            if told != self.id {
                return Err(together::two_calls(&self.id, &told));
            }
        }
        self.record = Some(without_secrets(&record).into_owned());
        Ok(())
    }

    /// The record: what [`Form::together`] takes as `gathered`. Where the platform's API gives the whole call (Retell,
    /// ElevenLabs, Bland, Vapi), and for Telnyx too, it alone makes a payload: `together(&[], Some(record))`. Secrets that
    /// nobody may keep are written over. Of what wasn't gathered to its end, an empty object.
    pub fn finish(self) -> Vec<u8> {
        self.record.unwrap_or_else(|| b"{}".to_vec())
    }
}
