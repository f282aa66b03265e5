use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;

use super::*;

const DECIMAL: Option<ValueKind> = Some(ValueKind::Decimal);
const TEXT: Option<ValueKind> = Some(ValueKind::Text);

fn input(name: &str, value: &str, kind: Option<ValueKind>) -> Input {
    Input { name: name.into(), value: Some(json!(value)), kind }
}

fn of(text: &str, with: &[Input]) -> Json {
    evaluate(text, with).unwrap_or_else(|error| panic!("{text}: {error}")).unwrap_or_default()
}

#[test]
fn a_number_is_a_number_in_every_spelling() {
    for spelling in ["10", "000010", "+10", "10.000", " 10 ", "10."] {
        let with = [input("q", spelling, DECIMAL)];
        assert_eq!(of("q * 12", &with), json!(120), "{spelling}");
        assert_eq!(of("q + 5", &with), json!(15), "{spelling}");
        assert_eq!(of("-q", &with), json!(-10), "{spelling}");
        assert_eq!(of("q", &with), json!(10), "{spelling}");
        assert_eq!(of("q < 9 or q in [10, 20]", &with), json!(true), "{spelling}");
        assert_eq!(of("['a', q] | join('-')", &with), json!("a-10.0"), "one text for one value: {spelling}");
    }
    assert_eq!(of("q * 3", &[input("q", "33.333333333333336", DECIMAL)]), json!(100.000_000_000_000_01));
    assert_eq!(of("a + b", &[input("a", "0.1", DECIMAL), input("b", "0.2", DECIMAL)]), json!(0.3), "exact");
    assert_eq!(of("q", &[input("q", "1.5E3", DECIMAL)]), json!(1500));
    let long = "12345678901234.123456789012345678901234567890123456789";
    assert_eq!(of("q + 0", &[input("q", long, DECIMAL)]), json!(12_345_678_901_234.123), "digits that no number of Odoo has are rounded");
}

#[test]
fn a_code_keeps_its_letters() {
    let with = [input("code", "00815", TEXT), input("other", "815", TEXT)];
    assert_eq!(of("code", &with), json!("00815"));
    assert_eq!(of("code ~ '/' ~ other", &with), json!("00815/815"));
    assert_eq!(of("code == other", &with), json!(false));
    assert_eq!(of("code in ['815']", &with), json!(false));
    assert_eq!(of("version", &[input("version", "1.10", TEXT)]), json!("1.10"));
    let whole = Some(ValueKind::Integer);
    assert_eq!(of("'SO' ~ no", &[input("no", "00815", whole)]), json!("SO00815"), "a code may be declared as a number");
    assert_eq!(of("no if no else 0", &[input("no", "00815", whole)]), json!("00815"));
    assert_eq!(of("no + 1", &[input("no", "00815", whole)]), json!(816));
    for code in ["007", "12345678901234567890"] {
        assert_eq!(of("code ~ '/x'", &[input("code", code, None)]), json!(format!("{code}/x")));
    }
}

#[test]
fn text_is_never_repeated_joined_by_plus_or_ordered() {
    let with = [input("code", "0010", TEXT), input("name", "abc", TEXT), input("q", "3", DECIMAL)];
    for expression in [
        "code * 3",
        "code + 5",
        "5 + code",
        "code - 1",
        "-name",
        "name / 2",
        "name // 2",
        "name % 2",
        "name ** 2",
        "name < q",
        "code < name",
        "[name] | sum",
        "name | round",
        "name | float",
    ] {
        let error = evaluate(expression, &with).expect_err(expression);
        assert!(error.contains("`") && error.len() > 20, "{expression}: {error}");
    }
    let error = evaluate("code * 3", &with).expect_err("a text");
    assert_eq!(error, "`*` takes numbers, not the text `0010`; read it with `as = \"decimal\"`, or join texts with `~`");
    assert_eq!(of("(code | float) * 3", &with), json!(30), "whoever says so means it");
}

#[test]
fn a_missing_value_is_said_and_never_joined() {
    let with = [Input { name: "none_here".into(), value: None, kind: DECIMAL }, input("q", "3", DECIMAL)];
    assert_eq!(evaluate("none_here", &with), Ok(None));
    assert_eq!(of("q / (none_here or 1)", &with), json!(3));
    assert_eq!(evaluate("q if none_here", &with), Ok(None));
    assert!(evaluate("q * none_here", &with).is_err_and(|error| error.contains("(x or 0)")));
    assert!(evaluate("[q, none_here] | join('-')", &with).is_err_and(|error| error.contains("missing")));
    for filter in ["none_here | string", "none_here | upper", "none_here | trim | split"] {
        assert_eq!(evaluate(filter, &with), Ok(None), "{filter}");
    }
    assert_eq!(of("(none_here | string) in ['2']", &with), json!(false));
    assert!(evaluate("none_here | round", &with).is_err());
    assert_eq!(of("none_here | default('x', true)", &with), json!("x"));
    assert!(evaluate("'a' ~ none_here", &with).is_err_and(|error| error.contains("(x or '')")));
    assert!(evaluate("other + 1", &with).is_err_and(|error| error == "`other` is not in `with`"));
    assert!(evaluate("q / 0", &with).is_err_and(|error| error == "division by zero"));
    assert!(evaluate("[q]", &with).is_err());
}

#[test]
fn dates_of_one_form_have_an_order() {
    let with = [input("a", "2026-03-01", Some(ValueKind::Date)), input("b", "2026-11-01", Some(ValueKind::Date))];
    assert_eq!(of("a < b", &with), json!(true));
    assert!(evaluate("a < c", &[input("a", "01.03.2026", TEXT), input("c", "02.01.2026", TEXT)]).is_err(), "not by their letters");
    let zones = [input("a", "2026-03-01T10:00:00+01:00", None), input("b", "2026-03-01T09:30:00+00:00", None)];
    assert!(evaluate("a < b", &zones).is_err(), "an offset changes the order");
}

#[test]
fn rounding_is_that_of_trade() {
    for (text, right) in [
        ("2.5 | round", 3.0),
        ("-2.5 | round", -3.0),
        ("1.005 | round(2)", 1.01),
        ("2.675 | round(2)", 2.68),
        ("1.01 | round(1, 'ceil')", 1.1),
    ] {
        assert_eq!(of(text, &[]).as_f64(), Some(right), "{text}");
    }
    assert_eq!(of("7 // 2", &[]), json!(3));
    assert_eq!(of("-7 // 2", &[]), json!(-4));
    assert_eq!(of("-7 % 3", &[]), json!(2));
    assert_eq!(of("2 ** 10", &[]), json!(1024));
    assert_eq!(of("[3, 1, 2] | max", &[]), json!(3));
}

#[test]
fn what_jinja_offers_for_texts_is_there() {
    let with = [input("name", " Abc def ", TEXT), input("list", "1 2.50", TEXT)];
    assert_eq!(of("name | trim | upper", &with), json!("ABC DEF"));
    assert_eq!(of("name[1:4]", &with), json!("Abc"));
    assert_eq!(of("list | split | map('float') | sum", &with), json!(3.5));
    assert_eq!(of("[name, ''] | select | join(' ') | trim", &with), json!("Abc def"));
    assert_eq!(of("(list | split)[-1]", &with), json!("2.50"));
    assert_eq!(of("'x' if name is string else 'y'", &with), json!("x"));
    assert_eq!(of("{'A': 'x', 'B': 'y'}[code]", &[input("code", "B", TEXT)]), json!("y"));
    assert_eq!(of("3 is gt 2 and [1, 5] | select('gt', 2) | list == [5]", &[]), json!(true));
    assert!(evaluate("name is gt 2", &with).is_err(), "not by its kind");
    for refused in ["name.upper()", "range(3)", "name.x", "[1, 2] | sort(reverse=true)", "name[::2]", "{'A': 1}"] {
        assert!(check(refused).is_err(), "{refused}");
    }
    assert!(evaluate("name | nothing", &with).is_err_and(|error| error.contains("nothing")));
}

proptest! {
    /// For any decimal in any spelling the plan has the nearest number that Odoo can store to the exact one.
    #[test]
    fn any_decimal_in_any_spelling_is_its_value(mantissa in -999_999_999_999_i64..999_999_999_999, scale in 0_u32..9, zeros in 0_usize..20, plus: bool, tail in 0_usize..12) {
        let exact = Decimal::new(mantissa, scale);
        let plain = exact.to_string();
        let (sign, digits) = plain.strip_prefix('-').map_or((if plus { "+" } else { "" }, plain.as_str()), |digits| ("-", digits));
        let tail = if digits.contains('.') { "0".repeat(tail) } else { String::new() };
        let spelling = format!("{sign}{}{digits}{tail}", "0".repeat(zeros));
        let got = of("q", &[input("q", &spelling, DECIMAL)]);
        prop_assert_eq!(got.as_f64(), plain.parse::<f64>().ok(), "{}", &spelling);
        let twice = of("q + q", &[input("q", &spelling, DECIMAL)]);
        prop_assert_eq!(twice.as_f64(), (exact + exact).to_string().parse::<f64>().ok(), "{}", &spelling);
    }
}

#[test]
fn what_is_true_or_false_by_its_type_is_so() {
    let with = |text: &str| [input("active", text, Some(ValueKind::Boolean))];
    for (text, right) in [("0", false), ("false", false), ("1", true), ("true", true)] {
        assert_eq!(of("active", &with(text)), json!(right));
        assert_eq!(of("'yes' if active else 'no'", &with(text)), json!(if right { "yes" } else { "no" }), "{text}");
        assert_eq!(of("active == true", &with(text)), json!(right));
        assert_eq!(of("active == 'true'", &with(text)), json!(right));
        assert_eq!(of("(active | string) in ['true', '1']", &with(text)), json!(right), "as mappings of before say it");
    }
}

#[test]
fn a_division_leaves_nothing_behind() {
    for (text, right) in
        [("(7 / 3 * 3) | int", json!(7)), ("7 / 3 * 3 == 7", json!(true)), ("7 / 3 * 3 // 1", json!(7)), ("1 / 3 * 3", json!(1))]
    {
        assert_eq!(of(text, &[]), right, "{text}");
    }
}
