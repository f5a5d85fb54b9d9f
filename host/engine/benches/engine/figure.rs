//! A figure, and the bar that it has to reach.

/// What was measured.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    bar: Option<Bar>,
}

#[derive(Clone, Copy)]
enum Bar {
    AtLeast(f64),
    AtMost(f64),
}

impl Figure {
    /// One that is told, whatever it is. Of a value, three places behind the point are kept.
    pub(crate) fn told(name: &'static str, value: f64) -> Self {
        Self { name, value: (value * 1e3).round() / 1e3, bar: None }
    }

    /// One that may be no smaller.
    pub(crate) fn at_least(self, least: f64) -> Self {
        Self { bar: Some(Bar::AtLeast(least)), ..self }
    }

    /// One that may be no larger.
    pub(crate) fn at_most(self, most: f64) -> Self {
        Self { bar: Some(Bar::AtMost(most)), ..self }
    }

    /// How it misses its bar, in words.
    pub(crate) fn missed(&self) -> Option<String> {
        let Self { name, value, bar } = self;
        match (*bar)? {
            Bar::AtLeast(least) if *value < least => Some(format!("{name} is {value}, less than {least}")),
            Bar::AtMost(most) if *value > most => Some(format!("{name} is {value}, more than {most}")),
            _ => None,
        }
    }
}

/// The median.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
