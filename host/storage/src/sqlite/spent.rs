//! What tenants have used of models, in rows: one for each tenant and day.

use std::ops::RangeInclusive;

use aftercall_core::{
    id::Tenant,
    model::Usage,
    ports::RecordsError,
    price::Amount,
    spent::{Day, DaySpent, Spent},
};
use rusqlite::{Connection, Row, named_params};

use super::{fault::Fault, integer, journal::unreadable};

/// Adds to what the tenant of the run of that number has used in a day. A sum that is too large to be counted stays at the
/// largest number there is.
pub(super) fn add(db: &Connection, run: i64, day: Day, spent: &Spent) -> Result<(), Fault> {
    db.prepare_cached(
        "INSERT INTO spent (tenant, day, turns, input_tokens, cached_tokens, output_tokens, cost)
         SELECT tenant, :day, :turns, :input, :cached, :output, :cost FROM runs WHERE number = :run
         ON CONFLICT (tenant, day) DO UPDATE SET
             turns = min(turns + excluded.turns, 9223372036854775807),
             input_tokens = min(input_tokens + excluded.input_tokens, 9223372036854775807),
             cached_tokens = min(cached_tokens + excluded.cached_tokens, 9223372036854775807),
             output_tokens = min(output_tokens + excluded.output_tokens, 9223372036854775807),
             cost = min(cost + excluded.cost, 9223372036854775807)",
    )?
    .execute(named_params! {
        ":run": run,
        ":day": integer(day.number()),
        ":turns": integer(spent.turns),
        ":input": integer(spent.usage.input_tokens),
        ":cached": integer(spent.usage.cached_tokens),
        ":output": integer(spent.usage.output_tokens),
        ":cost": integer(spent.cost.as_millionths()),
    })?;
    Ok(())
}

pub(super) fn of_days(
    db: &Connection,
    tenant: Option<&Tenant>,
    days: &RangeInclusive<Day>,
) -> Result<Vec<DaySpent>, Fault> {
    // Two statements rather than one with an `OR`, so that the first has its index.
    let of_tenant = if tenant.is_some() { "tenant = :tenant" } else { ":tenant IS NULL" };
    db.prepare_cached(&format!(
        "SELECT tenant, day, turns, input_tokens, cached_tokens, output_tokens, cost FROM spent
         WHERE {of_tenant} AND day BETWEEN :from AND :to ORDER BY tenant, day"
    ))?
    .query_and_then(
        named_params! {
            ":tenant": tenant.map(Tenant::as_str),
            ":from": integer(days.start().number()),
            ":to": integer(days.end().number()),
        },
        day_spent,
    )?
    .collect()
}

fn day_spent(row: &Row<'_>) -> Result<DaySpent, Fault> {
    let number = |column: &str| -> Result<u64, Fault> {
        let stored: i64 = row.get(column)?;
        let negative = |_| RecordsError::Unreadable(format!("a tenant used {stored} ({column}) in a day"));
        Ok(u64::try_from(stored).map_err(negative)?)
    };
    Ok(DaySpent {
        tenant: row.get::<_, String>("tenant")?.try_into().map_err(unreadable)?,
        day: Day::from_number(number("day")?),
        spent: Spent {
            turns: number("turns")?,
            usage: Usage {
                input_tokens: number("input_tokens")?,
                cached_tokens: number("cached_tokens")?,
                output_tokens: number("output_tokens")?,
            },
            cost: Amount::from_millionths(number("cost")?),
        },
    })
}
