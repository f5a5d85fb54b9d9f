//! The objects and their fields.

use serde::Deserialize;

/// The longest text of a text area.
const TEXT_AREA_CHARS_MAX: usize = 32_000;
/// The longest of other texts.
const TEXT_CHARS_MAX: usize = 255;
/// The state of a cadence in which people can be enrolled.
pub(super) const ACTIVE: &str = "Active";
/// The state of somebody who is in a cadence.
pub(super) const RUNNING: &str = "Running";
/// The states of somebody who is in it still.
pub(super) const ACTIVE_STATES: [&str; 4] = [RUNNING, "Paused", "Processing", "Initializing"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Account,
    Contact,
    Lead,
    Opportunity,
    Role,
    Task,
    /// A cadence of Sales Engagement.
    Cadence,
    /// Somebody in a cadence.
    Tracker,
    /// One of the org's own, whose name is an auto number.
    Custom(String),
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Type {
    Text,
    TextArea,
    Number,
    Date,
    #[serde(skip)]
    Instant,
    #[serde(skip)]
    Checkbox,
    /// One of these, and no other: the picklist is restricted.
    Picklist(Vec<String>),
    /// The id of a record of this object.
    Lookup(String),
    #[serde(skip)]
    Email,
    #[serde(skip)]
    Id,
    /// The id of a contact or a lead.
    #[serde(skip)]
    Person,
    /// The id of any other record that a task may be about.
    #[serde(skip)]
    Matter,
}

impl Kind {
    pub(super) const STANDARD: [Kind; 8] = [
        Kind::Account,
        Kind::Contact,
        Kind::Lead,
        Kind::Opportunity,
        Kind::Role,
        Kind::Task,
        Kind::Cadence,
        Kind::Tracker,
    ];

    pub(super) fn standard(name: &str) -> Option<Kind> {
        Kind::STANDARD.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Kind::Account => "Account",
            Kind::Contact => "Contact",
            Kind::Lead => "Lead",
            Kind::Opportunity => "Opportunity",
            Kind::Role => "OpportunityContactRole",
            Kind::Task => "Task",
            Kind::Cadence => "ActionCadence",
            Kind::Tracker => "ActionCadenceTracker",
            Kind::Custom(name) => name,
        }
    }

    /// What its ids begin with. One of the org's own gets it there.
    pub(super) const fn prefix(&self) -> Option<&'static str> {
        Some(match self {
            Kind::Account => "001",
            Kind::Contact => "003",
            Kind::Lead => "00Q",
            Kind::Opportunity => "006",
            Kind::Role => "00K",
            Kind::Task => "00T",
            Kind::Cadence => "77C",
            // No page tells it.
            Kind::Tracker => "77T",
            Kind::Custom(_) => return None,
        })
    }

    /// The fields of Salesforce's own that may be written.
    pub(super) const fn fields(&self) -> &'static [&'static str] {
        match self {
            Kind::Account => &["Name", "Phone"],
            Kind::Contact => {
                &["FirstName", "LastName", "Email", "Phone", "MobilePhone", "AccountId", "Title", "HasOptedOutOfEmail"]
            }
            Kind::Lead => &[
                "FirstName",
                "LastName",
                "Email",
                "Phone",
                "MobilePhone",
                "Company",
                "Description",
                "LeadSource",
                "Status",
                "HasOptedOutOfEmail",
            ],
            Kind::Opportunity => &["Name", "AccountId", "StageName", "Amount", "CloseDate", "NextStep"],
            Kind::Role => &["OpportunityId", "ContactId", "Role"],
            Kind::Task => &[
                "WhoId",
                "WhatId",
                "Subject",
                "Description",
                "ActivityDate",
                "Status",
                "Priority",
                "TaskSubtype",
                "OwnerId",
            ],
            Kind::Cadence => &["Name", "State"],
            Kind::Tracker => &["TargetId", "ActionCadenceId", "OwnerId", "State"],
            Kind::Custom(_) => &[],
        }
    }

    /// Whether the API makes and changes its records; else Salesforce itself does.
    pub(super) const fn is_written(&self) -> bool {
        !matches!(self, Kind::Cadence | Kind::Tracker)
    }

    pub(super) const fn required(&self) -> &'static [&'static str] {
        match self {
            Kind::Account => &["Name"],
            Kind::Contact => &["LastName"],
            Kind::Lead => &["LastName", "Company"],
            Kind::Opportunity => &["Name", "StageName", "CloseDate"],
            Kind::Role => &["OpportunityId", "ContactId"],
            Kind::Cadence => &["Name", "State"],
            Kind::Tracker => &["TargetId", "ActionCadenceId", "State"],
            Kind::Task | Kind::Custom(_) => &[],
        }
    }

    /// What a new record has where nothing else is given.
    pub(super) const fn defaults(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Kind::Lead => &[("Status", "Open - Not Contacted")],
            Kind::Task => &[("Status", "Not Started"), ("Priority", "Normal")],
            _ => &[],
        }
    }

    /// Whether it has this field, which Salesforce sets.
    pub(super) fn reads(&self, field: &str) -> bool {
        match self {
            Kind::Lead => ["Name", "IsConverted", "ConvertedContactId"].contains(&field),
            Kind::Opportunity => ["IsClosed", "HasOpportunityLineItem"].contains(&field),
            Kind::Contact => ["Name", "Account.Name"].contains(&field),
            Kind::Custom(_) => field == "Name",
            Kind::Tracker => field == "IsTrackerActive",
            Kind::Account | Kind::Role | Kind::Task | Kind::Cadence => false,
        }
    }

    pub(super) const fn is_person(&self) -> bool {
        matches!(self, Kind::Contact | Kind::Lead)
    }

    /// The longest text of a field, where the vendor says one that matters here.
    pub(super) fn chars_max(&self, field: &str, of: &Type) -> usize {
        match (self, field) {
            _ if *of == Type::TextArea => TEXT_AREA_CHARS_MAX,
            (Kind::Lead | Kind::Contact, "FirstName") => 40,
            (Kind::Lead | Kind::Contact, "LastName") => 80,
            (Kind::Contact, "Title") => 128,
            (Kind::Opportunity, "Name") => 120,
            _ => TEXT_CHARS_MAX,
        }
    }
}

impl Type {
    /// That of a field of Salesforce's own.
    pub(super) fn standard(field: &str) -> Type {
        match field {
            "Id" | "ConvertedContactId" => Type::Id,
            "AccountId" | "ContactId" | "OpportunityId" => Type::Lookup(field.trim_end_matches("Id").to_owned()),
            "WhoId" | "TargetId" => Type::Person,
            "ActionCadenceId" => Type::Lookup("ActionCadence".to_owned()),
            "HasOptedOutOfEmail" | "IsTrackerActive" | "IsConverted" | "IsClosed" | "HasOpportunityLineItem" => {
                Type::Checkbox
            }
            "CreatedDate" | "LastModifiedDate" => Type::Instant,
            "WhatId" => Type::Matter,
            "CloseDate" | "ActivityDate" => Type::Date,
            "Amount" => Type::Number,
            "Description" => Type::TextArea,
            "Email" => Type::Email,
            _ => Type::Text,
        }
    }

    /// Whether it holds an id of a record.
    pub(super) const fn is_id(&self) -> bool {
        matches!(self, Type::Id | Type::Lookup(_) | Type::Person | Type::Matter)
    }

    /// Whether a record of this object may be referred to.
    pub(super) fn refers_to(&self, kind: &Kind) -> bool {
        match self {
            Type::Lookup(object) => kind.name().eq_ignore_ascii_case(object),
            Type::Person => kind.is_person(),
            Type::Matter => !kind.is_person() && !matches!(kind, Kind::Role | Kind::Task),
            _ => false,
        }
    }
}
