//! A plugin as its authors write one: sums of orders by region.

use std::collections::BTreeMap;

use extism_pdk::{config, error, info, plugin_fn, FnResult, Json, WithReturnCode};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Order {
    region: String,
    total: f64,
}

#[derive(Serialize)]
struct Sums {
    currency: String,
    by_region: BTreeMap<String, f64>,
}

/// The sums by region, in the currency that the settings name.
#[plugin_fn]
pub fn sums(Json(orders): Json<Vec<Order>>) -> FnResult<Json<Sums>> {
    info!("{} orders", orders.len());
    let currency = config::get("currency")?.unwrap_or_else(|| "EUR".into());
    let mut by_region = BTreeMap::new();
    for Order { region, total } in orders {
        if total < 0.0 {
            error!("a total below zero");
            return Err(WithReturnCode::new(
                extism_pdk::Error::msg(format!("{region} has a total below zero")),
                2,
            ));
        }
        *by_region.entry(region).or_insert(0.0) += total;
    }
    Ok(Json(Sums { currency, by_region }))
}

/// Asks for memory until the host refuses.
#[plugin_fn]
pub fn hoard(_: String) -> FnResult<String> {
    let mut kept = Vec::new();
    loop {
        kept.push(vec![1_u8; 1 << 20]);
        if kept.len() > 1 << 16 {
            return Ok(String::from("all of it"));
        }
    }
}

/// Panics, as a mistake does.
#[plugin_fn]
pub fn mistake(text: String) -> FnResult<String> {
    let none: Option<String> = text.strip_prefix("impossible").map(Into::into);
    Ok(none.expect("a prefix"))
}
