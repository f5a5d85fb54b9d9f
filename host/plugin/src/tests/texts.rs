//! Guests whose texts and answers are not what the canonical ABI says.

use super::case::{
    Case,
    Expected::{Done, Trapped},
    call, check_all,
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        call("returns-what-is-no-text", Trapped("utf-8")),
        call("returns-half-a-character", Trapped("utf-8")),
        call("returns-half-a-pair", Trapped("surrogate")),
        call("returns-behind-the-end", Trapped("out of bounds")),
        call("returns-around-the-end", Trapped("out of bounds")),
        call("returns-nowhere", Trapped("out of bounds")),
        call("returns-askew", Trapped("aligned")),
        call("returns-an-unknown-case", Trapped("discriminant")),
        call("returns-an-unknown-kind", Trapped("discriminant")),
        call("returns-null-characters", Done("\0\0\0\0")),
        call("gives-no-room", Trapped("realloc return")),
        call("logs-out-of-bounds", Trapped("out of bounds")),
        call("logs-at-an-unknown-level", Trapped("discriminant")),
    ]
}

#[tokio::test]
async fn texts_are_checked() {
    check_all(cases()).await;
}
