//! What tenants may use of models in a day, for the engine to ask before each turn.

use std::{collections::BTreeMap, sync::Arc};

use aftercall_core::{
    id::Tenant,
    ports::{DayBudgets, RecordsError, Spending},
    spent::{Day, DayBudget, UsedUp},
    time::Timestamp,
};
use async_trait::async_trait;

use crate::config::Config;

/// The budgets of today's configuration, and what the records say was used of them.
pub(crate) struct LiveDayBudgets {
    of_tenants: BTreeMap<Tenant, DayBudget>,
    /// Of tenants that aren't configured any more.
    of_others: DayBudget,
    spending: Arc<dyn Spending>,
}

impl LiveDayBudgets {
    pub(crate) fn new(config: &Config, spending: Arc<dyn Spending>) -> Self {
        let of_tenants = config.tenants.iter().map(|(tenant, of)| (tenant.clone(), config.day_budget(Some(of))));
        Self { of_tenants: of_tenants.collect(), of_others: config.day_budget(None), spending }
    }
}

#[async_trait]
impl DayBudgets for LiveDayBudgets {
    async fn used_up(&self, tenant: &Tenant, now: Timestamp) -> Result<Option<UsedUp>, RecordsError> {
        let budget = self.of_tenants.get(tenant).unwrap_or(&self.of_others);
        if budget.is_open() {
            return Ok(None);
        }
        let today = Day::of(now);
        let spent = self.spending.spent(Some(tenant), today..=today).await?;
        Ok(budget.used_up(&spent.into_iter().map(|day| day.spent).sum()))
    }
}
