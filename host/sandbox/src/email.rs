//! What the vendors take for an email address.

/// `ana@example.com`: one `@`, and a domain that has a dot.
pub(crate) fn is_email(value: &str) -> bool {
    value.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.split('.').count() > 1
            && domain.split('.').all(|label| !label.is_empty())
            && !value.contains(char::is_whitespace)
            && !domain.contains('@')
    })
}
