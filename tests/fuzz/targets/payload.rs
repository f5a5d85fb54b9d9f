//! What anybody may send as a call's record, read in each platform's form: an error, or a history that can be mended into
//! one that goes on, or a word why not.
#![no_main]

use aftercall_core::repair::{is_continuable, repair};
use aftercall_intake::{Form, detect, telnyx};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|payload: &[u8]| {
    let _ = detect(payload);
    let _ = telnyx::event(payload);
    let _ = telnyx::page(payload, 1);
    for form in Form::ALL {
        let Ok(mut parsed) = form.parse(payload) else { continue };
        if repair(&mut parsed.conversation).is_ok() {
            assert!(is_continuable(&parsed.conversation.items), "{form:?}");
            assert_eq!(repair(&mut parsed.conversation), Ok(Vec::new()), "{form:?}: a second time mends nothing");
        }
    }
});
