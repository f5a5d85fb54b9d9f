//! `calendar-query`, by which free time and a caller's bookings are found.

use http::Method;

use super::{World, idle, world};
use crate::Service;

const CALENDAR: &str = "/calendars/callbacks/callbacks/";

async fn send(world: &World, method: &str, path: &str, media: &str, body: String) -> (u16, String) {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let request = world.client.request(method, format!("{}{path}", world.sandbox.service_url(Service::Caldav)));
    let request = request.basic_auth("callbacks", Some("sandbox-caldav-password")).header("content-type", media);
    let response = request.body(body).send().await.expect("an answer");
    (response.status().as_u16(), response.text().await.expect("text"))
}

async fn query(world: &World, start: &str, end: &str) -> (u16, String) {
    filtered(world, &format!("<C:time-range start=\"{start}\" end=\"{end}\"/>")).await
}

async fn filtered(world: &World, filter: &str) -> (u16, String) {
    let body = format!("<C:calendar-query xmlns:C=\"urn:ietf:params:xml:ns:caldav\">{filter}</C:calendar-query>");
    send(world, "REPORT", CALENDAR, "application/xml", body).await
}

#[tokio::test]
async fn a_query_finds_the_events_of_a_time() {
    let world = world(idle()).await;
    let lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//test//EN",
        "BEGIN:VEVENT",
        "UID:ac_01",
        "DTSTAMP:20260301T120000Z",
        "DTSTART:20260303T133000Z",
        "DTEND:20260303T134500Z",
        "SUMMARY:A & B",
        "X-PHONE:+1415555",
        " 0123",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ];
    let put = send(&world, "PUT", &format!("{CALENDAR}ac_01.ics"), "text/calendar", lines.join("\r\n")).await;
    assert_eq!(put.0, 201);
    let check = async |start: &str, end: &str, expected: usize| {
        let (status, xml) = query(&world, start, end).await;
        assert_eq!((status, xml.matches("<D:response>").count()), (207, expected), "{start}: {xml}");
        xml
    };
    let xml = check("20260303T090000Z", "20260303T160000Z", 1).await;
    assert!(xml.contains("SUMMARY:A &amp; B") && xml.contains("callbacks/ac_01.ics"), "{xml}");
    check("20260303T134000Z", "20260303T160000Z", 1).await;
    check("20260303T134500Z", "20260303T160000Z", 0).await;
    check("20260303T090000Z", "20260303T133000Z", 0).await;
    let check = async |start: &str, property: &str, text: &str, expected: usize| {
        let filter = format!(
            "<C:time-range start=\"{start}\"/><C:prop-filter name=\"{property}\"><C:text-match>{text}</C:text-match></C:prop-filter>"
        );
        let (status, xml) = filtered(&world, &filter).await;
        assert_eq!((status, xml.matches("<D:response>").count()), (207, expected), "{property} {text}: {xml}");
    };
    check("20260301T000000Z", "X-PHONE", "+14155550123", 1).await;
    check("20260301T000000Z", "X-PHONE", "+1415555", 1).await;
    check("20260301T000000Z", "SUMMARY", "a &", 1).await;
    check("20260301T000000Z", "X-PHONE", "+14155550124", 0).await;
    check("20260301T000000Z", "DESCRIPTION", "+14155550123", 0).await;
    check("20260303T134500Z", "X-PHONE", "+14155550123", 0).await;
    let start = "<C:time-range start=\"20260301T000000Z\"/>";
    assert_eq!(filtered(&world, &format!("{start}<C:prop-filter name=\"X-PHONE\"/>")).await.0, 403);
    assert_eq!(query(&world, "20260301T000000Z", "tuesday").await.0, 403);
    assert_eq!(query(&world, "monday", "tuesday").await.0, 403);
    assert_eq!(send(&world, "REPORT", CALENDAR, "application/xml", "<D:sync-collection/>".to_owned()).await.0, 501);
}
