//! What holds for each of the reference plugins.

use aftercall_app::{
    build,
    command::build::{complaints, examples},
    demo::project,
};

/// Most bytes of a component.
const COMPONENT_BYTES_MAX: usize = 1_000_000;

#[tokio::test]
async fn each_is_small_and_can_be_called_by_every_model() {
    let folders = std::fs::read_dir(project().expect("tests run where the sources are").join("plugins"));
    let mut folders: Vec<_> = folders.expect("it is there").map(|entry| entry.expect("it reads").path()).collect();
    folders.sort();
    assert!(folders.len() >= 11, "{folders:?}");
    let mut wrong = Vec::new();
    for folder in folders {
        let name = folder.file_name().expect("it has a name").to_string_lossy().into_owned();
        let made = build::make(&folder).expect("it builds");
        let settings = examples(&made.manifest).expect("its settings have examples that fit");
        let complaints = complaints(&made.component, &settings).await.expect("it says what it offers");
        wrong.extend(complaints.into_iter().map(|complaint| format!("{name}: {complaint}")));
        let bytes = made.component.len();
        if bytes > COMPONENT_BYTES_MAX {
            wrong.push(format!("{name}: its component has {bytes} bytes, more than {COMPONENT_BYTES_MAX}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
