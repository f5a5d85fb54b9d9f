//! The types of resources that the clinic's server knows.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Patient,
    Appointment,
    Slot,
    Schedule,
    Communication,
    DocumentReference,
    Task,
}

impl Kind {
    pub(super) const ALL: [Kind; 7] = [
        Kind::Patient,
        Kind::Appointment,
        Kind::Slot,
        Kind::Schedule,
        Kind::Communication,
        Kind::DocumentReference,
        Kind::Task,
    ];

    pub(super) fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Patient => "Patient",
            Kind::Appointment => "Appointment",
            Kind::Slot => "Slot",
            Kind::Schedule => "Schedule",
            Kind::Communication => "Communication",
            Kind::DocumentReference => "DocumentReference",
            Kind::Task => "Task",
        }
    }

    /// The list among the records.
    pub(super) fn list(self) -> &'static str {
        match self {
            Kind::Patient => "patients",
            Kind::Appointment => "appointments",
            Kind::Slot => "slots",
            Kind::Schedule => "schedules",
            Kind::Communication => "communications",
            Kind::DocumentReference => "documents",
            Kind::Task => "tasks",
        }
    }

    /// Whether a client may make one.
    pub(super) fn is_made(self) -> bool {
        matches!(self, Kind::Appointment | Kind::Communication | Kind::DocumentReference | Kind::Task)
    }

    /// Whether a client may change one.
    pub(super) fn is_changed(self) -> bool {
        matches!(self, Kind::Appointment | Kind::Slot)
    }
}
