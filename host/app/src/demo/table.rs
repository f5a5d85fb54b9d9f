//! The table at the end of the demo.

use super::Played;

const HEAD: [&str; 4] = ["scenario", "outcome", "what was done", "the vendor's receipt"];

/// One row for each effect, one line for each deviation.
pub fn table(played: &[&Played]) -> String {
    let mut rows: Vec<[String; 4]> = vec![HEAD.map(str::to_owned)];
    for Played { report, .. } in played {
        let mut first = [report.scenario.clone(), report.outcome.clone()];
        let effects = report.effects.iter().map(|effect| {
            let receipt = effect.receipt.as_ref().map(|receipt| format!("{} {}", receipt.kind, receipt.id));
            (effect.tool.clone(), receipt.unwrap_or_default())
        });
        let refused = report.refused.iter().map(|refused| (format!("{} refused", refused.tool), "—".to_owned()));
        let mut lines: Vec<(String, String)> = effects.chain(refused).collect();
        if lines.is_empty() {
            lines.push(("nothing".to_owned(), String::new()));
        }
        for (done, receipt) in lines {
            let [scenario, outcome] = std::mem::take(&mut first);
            rows.push([scenario, outcome, done, receipt]);
        }
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("   ").trim_end());
        text.push('\n');
        if index == 0 {
            text.push_str(&widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("   "));
            text.push('\n');
        }
    }
    for Played { report, deviations, .. } in played {
        for deviation in deviations {
            text.push_str(&format!("✗ {}: {deviation}\n", report.scenario));
        }
    }
    text
}
