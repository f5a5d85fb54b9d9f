//! Free slots: how they are searched, and what is told of them.

use super::*;

const SLOTS: &str = "GET https://fhir.lakeside-clinic.example/r4/Slot";
const HAPI_PAGE: &str = "GET https://fhir.lakeside-clinic.example/r4";
const SCHEDULES: &str = "GET https://fhir.lakeside-clinic.example/r4/Schedule";

fn service(name: &str, code: &str) -> Value {
    json!({ "name": name, "system": "http://clinic.example/services", "code": code })
}

fn settings() -> Value {
    let services = json!([service("check-up", "gp"), service("vaccination", "v,1")]);
    json!({ "schedules": ["c-1", "c-2"], "services": services })
}

fn found(outcome: &Outcome) -> Value {
    serde_json::from_str::<Value>(outcome.data.as_deref().unwrap()).unwrap()["slots"].take()
}

#[test]
fn slots_are_searched_by_what_is_given() {
    fn check(settings: Value, arguments: Value, expected: &[(&str, &str)]) {
        let fake = fake_with(settings).expect(SLOTS, Reply::json(200, bundle(&[])));
        let outcome = fake.call::<Plugin>("find_free_slots", arguments).unwrap();
        assert_eq!((outcome.text.as_str(), found(&outcome)), ("there is no free slot then", json!([])));
        let first = [("status", "free"), ("start", "gt2026-01-01T00:00:00Z")];
        let last = [("_sort", "start"), ("_count", "20")];
        assert_eq!(fake.sent()[0].query(), pairs(&[&first[..], expected, &last].concat()));
    }
    let all = ("schedule", "Schedule/c-1,Schedule/c-2");
    check(json!({}), json!({}), &[]);
    check(settings(), json!({}), &[all]);
    check(settings(), json!({ "schedule_id": "c-2" }), &[("schedule", "Schedule/c-2")]);
    check(json!({}), json!({ "schedule_id": "c-9" }), &[("schedule", "Schedule/c-9")]);
    let days = [("start", "ge2026-03-01"), ("start", "le2026-03-31")];
    check(json!({}), json!({ "from": "2026-03-01", "to": "2026-03-31" }), &days);
    let of_type = ("service-type", "http://clinic.example/services|gp");
    check(settings(), json!({ "service": "check-up" }), &[of_type, all]);
    let of_type = ("service-type", "http://clinic.example/services|v\\,1");
    check(settings(), json!({ "service": "vaccination" }), &[of_type, all]);
}

#[test]
fn a_search_that_makes_no_sense_is_refused() {
    fn check(settings: Value, arguments: Value, kind: FailureKind, words: &str) {
        assert_failed(fake_with(settings).call::<Plugin>("find_free_slots", arguments), kind, words);
    }
    let invalid = FailureKind::InvalidArguments;
    check(settings(), json!({ "service": "surgery" }), invalid, "there are: check-up, vaccination");
    check(json!({}), json!({ "service": "surgery" }), invalid, "nor any other: leave it out");
    check(json!({}), json!({ "from": "2026-03-31", "to": "2026-03-01" }), invalid, "earlier day");
    check(json!({}), json!({ "from": "tomorrow" }), invalid, "write the year first");
    check(settings(), json!({ "schedule_id": "c-3" }), FailureKind::NotFound, "leave it out");
}

#[test]
fn slots_are_told_with_whom_they_are() {
    let mut other = slot("free");
    other["id"] = json!("s-2");
    other["schedule"] = json!({ "reference": format!("{BASE}/Schedule/c-2") });
    other["serviceType"] = json!([{ "text": "Vaccination" }, { "coding": [{ "code": "x" }] }]);
    let mut bare = slot("free");
    bare["id"] = json!("s-3");
    bare.as_object_mut().unwrap().remove("serviceType");
    let mut without_names = schedule("c-2");
    without_names["actor"] = json!([{ "reference": "Practitioner/d-2" }]);
    let fake = fake()
        .expect(SLOTS, Reply::json(200, bundle(&[slot("free"), other, bare])))
        .expect(SCHEDULES, Reply::json(200, bundle(&[schedule("c-1"), without_names])));
    let outcome = fake.call::<Plugin>("find_free_slots", json!({})).unwrap();
    assert_eq!(outcome.text, "3 free slots");
    let (start, end) = (START, "2026-03-05T10:30:00-06:00");
    let of = |id: &str, rest: Value| {
        let mut slot = json!({ "slot_id": id, "start": start, "end": end });
        slot.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        slot
    };
    let expected = json!([
        of("s-1", json!({ "service": "General", "with": "Dr. Okafor, Room 4", "schedule_id": "c-1" })),
        of("s-2", json!({ "service": "Vaccination", "schedule_id": "c-2" })),
        of("s-3", json!({ "with": "Dr. Okafor, Room 4", "schedule_id": "c-1" })),
    ]);
    assert_eq!(found(&outcome), expected);
    assert_eq!(fake.sent()[1].query(), pairs(&[("_id", "c-1,c-2"), ("_count", "2")]));
}

#[test]
fn what_is_not_free_or_past_is_left_out() {
    let with = |id: &str, name: &str, value: &str| {
        let mut slot = slot("free");
        slot["id"] = json!(id);
        slot[name] = json!(value);
        slot
    };
    let mut elsewhere = with("s-5", "status", "free");
    elsewhere["schedule"] = json!({ "reference": "Schedule/c-9" });
    let mut unknown = with("s-7", "status", "free");
    unknown["schedule"] = json!({ "reference": "https://elsewhere.example/Schedule/c-1" });
    let slots = [
        unknown,
        with("s-2", "status", "busy"),
        with("s-3", "start", "2026-01-01T00:00:00Z"),
        with("s-4", "start", "soon"),
        elsewhere,
        with("s-6", "start", "2026-01-01T00:00:01Z"),
    ];
    let fake = fake_with(settings())
        .expect(SLOTS, Reply::stray(200, bundle(&slots).to_string()))
        .expect(SCHEDULES, Reply::json(200, bundle(&[])));
    let outcome = fake.call::<Plugin>("find_free_slots", json!({})).unwrap();
    assert_eq!(outcome.text, format!("one free slot, slot_id s-6, 2026-01-01T00:00:01Z{IN_UTC}"));
}

#[test]
fn slots_of_other_days_and_services_are_left_out() {
    fn check(change: impl FnOnce(&mut Value), fits: bool) {
        let mut slot = slot("free");
        change(&mut slot);
        let mut fake = fake_with(settings()).expect(SLOTS, Reply::json(200, bundle(&[slot])));
        if fits {
            fake = fake.expect(SCHEDULES, Reply::json(200, bundle(&[schedule("c-1")])));
        }
        let arguments = json!({ "service": "check-up", "from": "2026-03-05", "to": "2026-03-05" });
        let outcome = fake.call::<Plugin>("find_free_slots", arguments).unwrap();
        assert_eq!(found(&outcome).as_array().unwrap().len(), usize::from(fits));
        assert_eq!(fake.sent()[0].header("prefer"), Some("handling=strict"));
    }
    let coding =
        |system: &str, code: &str| json!([{ "text": "x" }, { "coding": [{ "system": system, "code": code }] }]);
    let service = |coding: Value| move |it: &mut Value| it["serviceType"] = coding;
    check(|_| {}, true);
    check(service(coding("http://clinic.example/services", "gp")), true);
    check(service(coding("http://clinic.example/services", "gp2")), false);
    check(service(coding("http://elsewhere.example", "gp")), false);
    check(service(json!([{ "coding": [{ "code": "gp" }] }])), false);
    check(|it| drop(it.as_object_mut().unwrap().remove("serviceType")), false);
    check(|it| it["start"] = json!("2026-03-07T10:00:00-06:00"), false);
    check(|it| it["start"] = json!("2026-03-03T10:00:00-06:00"), false);
}

/// The first page with the slot of this number, and the link to the next.
fn page(id: usize, next: Option<&str>) -> Reply {
    let mut slot = slot("free");
    slot["id"] = json!(format!("s-{id}"));
    let mut bundle = bundle(&[slot]);
    let of = |relation: &str, url: &str| json!({ "relation": relation, "url": url });
    bundle["link"] = json!([of("self", &format!("{BASE}/Slot"))]);
    if let Some(next) = next {
        bundle["link"] = json!([of("self", &format!("{BASE}/Slot")), of("next", next)]);
    }
    Reply::json(200, bundle)
}

/// What is told where only the first slot of several was seen.
const MORE: &str = "there are more than these 1 free slots: give fewer days";

#[test]
fn pages_are_followed_on_the_server_alone() {
    let check = |next: &str, line: Option<&str>, text: &str| {
        let mut fake = fake().expect(SLOTS, page(1, Some(next)));
        if let Some(line) = line {
            fake = fake.expect(line, page(2, None));
        }
        let fake = fake.expect(SCHEDULES, Reply::json(200, bundle(&[schedule("c-1")])));
        assert_eq!(fake.call::<Plugin>("find_free_slots", json!({})).unwrap().text, text, "{next}");
        if line.is_some() {
            assert_eq!(fake.sent()[1].request().uri().to_string(), next);
            assert_eq!(fake.sent()[1].header("accept"), Some("application/fhir+json"));
        }
    };
    check(&format!("{BASE}/Slot?page=2"), Some(SLOTS), "2 free slots");
    check(&of_hapi(), Some(HAPI_PAGE), "2 free slots");
    // The plugin asks for no requests but those about resources of its own types.
    check(&format!("{BASE}/Observation?page=2"), None, MORE);
    check(&format!("{BASE}/Slot/s-2?page=2"), None, MORE);
    check(&format!("{BASE}/?_getpages=7"), None, MORE);
    check("https://elsewhere.example/r4/Slot?page=2", None, MORE);
    check("https://fhir.lakeside-clinic.example?_getpages=7", None, MORE);
    check(&format!("{BASE}evil/Slot?page=2"), None, MORE);
    check(&format!("{BASE}evil?_getpages=7"), None, MORE);
    check(&format!("{BASE}.elsewhere.example/Slot"), None, MORE);
    check("Slot?page=2", None, MORE);
    check("?_getpages=7", None, MORE);
    check("", None, MORE);

    let next = format!("{BASE}/Slot?page=2");
    let mut endless = fake();
    for id in 1..=5 {
        endless = endless.expect(SLOTS, page(id, Some(&next)));
    }
    let endless = endless.expect(SCHEDULES, Reply::json(200, bundle(&[])));
    let text = endless.call::<Plugin>("find_free_slots", json!({})).unwrap().text;
    assert_eq!(text, "there are more than these 5 free slots: give fewer days");
}

/// A link to the next page, as HAPI gives it.
fn of_hapi() -> String {
    let id = "0f4a5f0c-6d0f-4f0b-9a43-1c2f8a1f7c55";
    format!("{BASE}?_getpages={id}&_getpagesoffset=1&_count=1&_bundletype=searchset")
}

#[test]
fn there_is_more_where_the_next_page_is_not_granted() {
    let slots = || fake().expect(SLOTS, page(1, Some(&of_hapi())));
    let fake = slots().expect(HAPI_PAGE, Reply::denied());
    let fake = fake.expect(SCHEDULES, Reply::json(200, bundle(&[schedule("c-1")])));
    assert_eq!(fake.call::<Plugin>("find_free_slots", json!({})).unwrap().text, MORE);
    // What the server itself refuses, nobody knows.
    let refused = slots().expect(HAPI_PAGE, Reply::json(403, refusal("forbidden", "Not for you")));
    assert_eq!(refused.call::<Plugin>("find_free_slots", json!({})).unwrap_err().kind, FailureKind::Denied);
    let first = super::fake().expect(SLOTS, Reply::denied());
    assert_eq!(first.call::<Plugin>("find_free_slots", json!({})).unwrap_err().kind, FailureKind::Denied);
}
