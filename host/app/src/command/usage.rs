//! `aftercall usage`: what tenants have used of models, by the day.

use std::io::Write;

use aftercall_core::{
    ports::Spending as _,
    price::Amount,
    spent::{Day, DaySpent, Spent, Thousands},
};
use serde_json::json;

use crate::{cli, command::runs::open, config::Config, story};

/// Decimals of a cost in the table.
const COST_DECIMALS: usize = 4;

/// Lists what was used, by tenant and day.
///
/// # Errors
/// The configuration or the records can't be read.
pub async fn usage(arguments: &cli::Usage, out: &mut impl Write) -> anyhow::Result<()> {
    let (path, currency) = match &arguments.store.store {
        Some(path) => (path.clone(), None),
        None => {
            let config = Config::read(&arguments.store.config)?;
            (config.store(), config.operator.currency)
        }
    };
    let reader = open(&path)?;
    let first = arguments.since.map_or(Day::from_number(0), Day::of);
    let last = arguments.until.map_or(Day::from_number(u64::MAX), Day::of);
    let days = reader.spent(arguments.tenant.as_ref(), first..=last).await?;
    match arguments.format {
        cli::Format::Json => days.iter().try_for_each(|day| writeln!(out, "{}", to_json(day, currency.as_deref())))?,
        cli::Format::Text if days.is_empty() => writeln!(out, "Nothing was used.")?,
        cli::Format::Text => write!(out, "{}", table(&days, currency.as_deref()))?,
    }
    Ok(())
}

fn to_json(of: &DaySpent, currency: Option<&str>) -> serde_json::Value {
    let DaySpent { tenant, day, spent } = of;
    let mut line = json!({
        "tenant": tenant,
        "day": story::day(*day),
        "turns": spent.turns,
        "input_tokens": spent.usage.input_tokens,
        "cached_tokens": spent.usage.cached_tokens,
        "output_tokens": spent.usage.output_tokens,
    });
    if spent.cost > Amount::default() {
        line["cost"] = spent.cost.to_string().into();
        if let Some(currency) = currency {
            line["currency"] = currency.into();
        }
    }
    line
}

/// A row of the table: who, when, and numbers.
type Row = [String; 7];

/// A table with a line for each tenant and day, for each tenant with several days, and for all where there are several.
fn table(days: &[DaySpent], currency: Option<&str>) -> String {
    let cost = currency.map_or_else(|| "cost".to_owned(), |currency| format!("cost {currency}"));
    let head = ["tenant", "day", "turns", "tokens in", "cached", "out", &cost].map(str::to_owned);
    let sum = |days: &[DaySpent]| days.iter().map(|day| day.spent).sum::<Spent>();
    let mut rows = vec![head];
    let of_tenants: Vec<&[DaySpent]> = days.chunk_by(|one, next| one.tenant == next.tenant).collect();
    for of_tenant in &of_tenants {
        rows.extend(of_tenant.iter().map(|of| row(of.tenant.as_str(), &story::day(of.day), &of.spent)));
        if let [first, _, ..] = of_tenant {
            rows.push(row(first.tenant.as_str(), "all days", &sum(of_tenant)));
        }
    }
    if of_tenants.len() > 1 {
        rows.push(row("all", "all days", &sum(days)));
    }
    aligned(&rows)
}

fn row(tenant: &str, day: &str, spent: &Spent) -> Row {
    let number = |number| Thousands(number).to_string();
    [
        tenant.to_owned(),
        day.to_owned(),
        number(spent.turns),
        number(spent.usage.input_tokens),
        number(spent.usage.cached_tokens),
        number(spent.usage.output_tokens),
        cost_in_words(spent.cost),
    ]
}

/// Models without a price cost nothing that is known.
fn cost_in_words(cost: Amount) -> String {
    if cost == Amount::default() { "—".to_owned() } else { format!("{cost:.COST_DECIMALS$}") }
}

/// Words to the left, numbers to the right.
fn aligned(rows: &[Row]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        let cell = |(column, (cell, width)): (usize, (&String, usize))| match column {
            0 | 1 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        };
        let cells: Vec<String> = row.iter().zip(widths).enumerate().map(cell).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use aftercall_core::model::Usage;

    use super::*;

    fn used(tenant: &str, day: u64, input_tokens: u64, cost: u64) -> DaySpent {
        let usage = Usage { input_tokens, cached_tokens: input_tokens / 10, output_tokens: 32 };
        DaySpent {
            tenant: tenant.parse().expect("a name"),
            day: Day::from_number(day),
            spent: Spent { turns: 2, usage, cost: Amount::from_millionths(cost) },
        }
    }

    #[test]
    fn what_was_used_reads_as_a_table() {
        let days =
            [used("acme", 20_786, 14_702, 43_012), used("acme", 20_787, 1_000_000, 2_500_000), used("b", 20_787, 7, 0)];
        let expected = "\
tenant  day         turns  tokens in   cached  out  cost USD
acme    2026-11-29      2     14,702    1,470   32    0.0430
acme    2026-11-30      2  1,000,000  100,000   32    2.5000
acme    all days        4  1,014,702  101,470   64    2.5430
b       2026-11-30      2          7        0   32         —
all     all days        6  1,014,709  101,470   96    2.5430
";
        assert_eq!(table(&days, Some("USD")), expected);
        let expected = "\
tenant  day         turns  tokens in  cached  out  cost
b       2026-11-30      2          7       0   32     —
";
        assert_eq!(table(&days[2..], None), expected);
    }

    #[test]
    fn programs_get_costs_as_decimals() {
        let line = to_json(&used("acme", 20_786, 14_702, 43_012), Some("USD"));
        assert_eq!(
            (&line["day"], &line["cost"], &line["currency"]),
            (&"2026-11-29".into(), &"0.043012".into(), &"USD".into())
        );
        assert_eq!(to_json(&used("b", 20_786, 7, 0), Some("USD")).get("cost"), None, "nobody knows it");
    }
}
