//! Telephone numbers of contacts, which an account has in many forms: HubSpot keeps them as they were typed, unless a rule of the
//! property says otherwise. It searches them by properties that it computes, which have the area code and the local number alone
//! (<https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm/guide>): a search finds whoever has that number
//! in another country too, so what it finds is compared with [`is_of`].

use aftercall::{NationalNumbers, PhoneNumber};

use crate::{Object, Search};

/// A contact's properties with telephone numbers, to be asked for where [`is_of`] is.
pub const NUMBERS: [&str; 2] = ["phone", "mobilephone"];
/// What HubSpot searches each of them by.
const SEARCHED: [&str; 2] = ["hs_searchable_calculated_phone_number", "hs_searchable_calculated_mobile_number"];

/// Whether one of a contact's numbers is this one. None: one that lacks its country may be it.
pub fn is_of(contact: &Object, phone: &PhoneNumber, national: Option<&NationalNumbers>) -> Option<bool> {
    phone.is_among(NUMBERS.iter().filter_map(|name| contact.property(name)), national)
}

impl Search<'_> {
    /// Adds a group for each of a contact's numbers: a contact passes it that may have this one, and each of the other
    /// properties' values.
    #[must_use]
    pub fn or_phone(self, phone: &PhoneNumber, and: &[(&str, &str)]) -> Self {
        SEARCHED.iter().fold(self, |search, name| {
            let all: Vec<(&str, &str)> =
                std::iter::once((*name, phone.national())).chain(and.iter().copied()).collect();
            search.or_equal(&all)
        })
    }
}
