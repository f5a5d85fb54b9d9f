//! What is associated with what: notes, tasks and deals with contacts, notes and tasks with deals. Each kind of it has a
//! number at the vendor, and its inverse another
//! (<https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide>).

use http::StatusCode;
use serde_json::{Value, json};

use super::{Answer, Hubspot, Kind, Object, Refused};
use crate::endpoint::Reply;
use crate::time::iso;

/// What a new object is on.
#[derive(Default)]
pub(super) struct On {
    pub(super) contacts: Vec<u64>,
    pub(super) deals: Vec<u64>,
}

impl Hubspot {
    /// Associates with a contact, once however often it is asked.
    pub(super) fn associate(&mut self, (kind, id): (Kind, &str), (to, to_id): (Kind, &str), now_ms: u64) -> Answer {
        let (Some(type_id), Kind::Contacts) = (kind.association_to(to), to) else {
            return Err(Refused::not_played("associations but those of notes and deals with contacts"));
        };
        let find = |kind: Kind, id: &str| {
            let at = self.objects.iter().position(|object| object.kind == kind && object.id.to_string() == id);
            at.ok_or_else(|| Refused::invalid(&format!("{}={id} is not valid", kind.singular().to_uppercase())))
        };
        let (at, contact) = (find(kind, id)?, self.objects[find(to, to_id)?].id);
        let object = &mut self.objects[at];
        if !object.contacts.contains(&contact) {
            object.contacts.push(contact);
            object.updated_ms = now_ms;
        }
        let now = iso(now_ms);
        let result = json!({
            "from": { "id": id },
            "to": { "id": to_id },
            "associationSpec": { "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id },
        });
        let answer = json!({ "status": "COMPLETE", "results": [result], "startedAt": now, "completedAt": now });
        Ok(Reply::json(StatusCode::OK, &answer))
    }

    /// The objects of another kind that this one is associated with.
    pub(super) fn linked(&self, object: &Object, other: Kind) -> Vec<u64> {
        match (object.kind, other) {
            (Kind::Contacts, _) => {
                let with = |held: &&Object| held.kind == other && held.contacts.contains(&object.id);
                self.objects.iter().filter(with).map(|held| held.id).collect()
            }
            (Kind::Deals, Kind::Notes | Kind::Tasks) => {
                let on = |held: &&Object| held.kind == other && held.deals.contains(&object.id);
                self.objects.iter().filter(on).map(|held| held.id).collect()
            }
            (_, Kind::Contacts) => object.contacts.clone(),
            (_, Kind::Deals) => object.deals.clone(),
            _ => Vec::new(),
        }
    }

    /// What `associations` names, each of which must exist.
    pub(super) fn associated(&self, kind: Kind, associations: Option<&Value>) -> Result<On, Refused> {
        let mut on = On::default();
        let Some(associations) = associations else { return Ok(on) };
        let given = associations.as_array().ok_or_else(|| Refused::json("associations must be an array"))?;
        if kind == Kind::Contacts && !given.is_empty() {
            return Err(Refused::not_played("associations of a new contact"));
        }
        for association in given {
            let (to, id) = self.associated_object(kind, association)?;
            match to {
                Kind::Deals => on.deals.push(id),
                _ => on.contacts.push(id),
            }
        }
        Ok(on)
    }

    /// The object that an association leads to, by the number of the association's kind.
    fn associated_object(&self, kind: Kind, association: &Value) -> Result<(Kind, u64), Refused> {
        let types = association["types"].as_array().map_or(&[][..], Vec::as_slice);
        let leads_to = |to: &Kind| {
            let number = kind.association_to(*to);
            let defined = |asked: &Value| {
                asked["associationCategory"] == "HUBSPOT_DEFINED" && asked["associationTypeId"].as_u64() == number
            };
            number.is_some() && !types.is_empty() && types.iter().all(defined)
        };
        let Some(to) = [Kind::Contacts, Kind::Deals].into_iter().find(leads_to) else {
            let from = kind.singular().to_uppercase();
            return Err(Refused::invalid(&format!("One or more association types are invalid from {from} to CONTACT")));
        };
        let id = association["to"]["id"].as_str().ok_or_else(|| Refused::json("to.id is required and a string"))?;
        let object = self.objects.iter().find(|object| object.kind == to && object.id.to_string() == id);
        let name = to.singular().to_uppercase();
        let object = object.ok_or_else(|| Refused::invalid(&format!("No {name} with ID {id} exists")))?;
        Ok((to, object.id))
    }
}
