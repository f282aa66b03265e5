//! Evaluates an expression that minijinja has parsed.

use std::collections::HashMap;

use minijinja::{
    Environment,
    machinery::ast::{BinOpKind, CallArg, CompareOpKind, Expr, UnaryOpKind},
};

use super::{
    filters,
    operators::{arithmetic, compared, joined, number, same},
    value::{Number, Value},
};

/// Evaluates expressions over these values.
pub(super) struct Evaluator<'e> {
    pub(super) environment: &'e Environment<'static>,
    pub(super) values: HashMap<&'e str, Value>,
}

impl Evaluator<'_> {
    /// The value of an expression.
    ///
    /// # Errors
    /// A sentence about what an operator or filter does not take.
    pub(super) fn value(&self, expression: &Expr<'_>) -> Result<Value, String> {
        match expression {
            Expr::Var(var) => self.values.get(var.id).cloned().ok_or_else(|| format!("`{}` is not in `with`", var.id)),
            Expr::Const(constant) => Value::of_jinja(&constant.value),
            Expr::List(list) => self.all(&list.items),
            Expr::Tuple(tuple) => self.all(&tuple.items),
            Expr::UnaryOp(unary) => {
                let value = self.value(&unary.expr)?;
                match unary.op {
                    UnaryOpKind::Not => Ok(Value::Bool(!value.is_true())),
                    UnaryOpKind::Neg => number(&value, "-").map(|number| Value::Number(Number::new(-number.value, number.has_decimals))),
                }
            }
            Expr::BinOp(binary) => self.binary(binary.op, &binary.left, &binary.right),
            Expr::Compare(compare) => {
                let mut left = self.value(&compare.expr)?;
                for step in &compare.ops {
                    let right = self.value(&step.expr)?;
                    if !compared(step.op, &left, &right)? {
                        return Ok(Value::Bool(false));
                    }
                    left = right;
                }
                Ok(Value::Bool(true))
            }
            Expr::IfExpr(choice) => match (self.value(&choice.test_expr)?.is_true(), &choice.false_expr) {
                (true, _) => self.value(&choice.true_expr),
                (false, Some(other)) => self.value(other),
                (false, None) => Ok(Value::None),
            },
            Expr::Filter(filter) => {
                let value = filter.expr.as_ref().map_or(Err("a filter needs a value".to_string()), |value| self.value(value))?;
                filters::apply(self.environment, filter.name, &value, &self.arguments(&filter.args)?)
            }
            Expr::Test(test) => {
                filters::test(self.environment, test.name, &self.value(&test.expr)?, &self.arguments(&test.args)?).map(Value::Bool)
            }
            Expr::GetItem(item) => match &item.expr {
                // A small table: `{'A': 'x'}[code]`.
                Expr::Map(map) => {
                    let wanted = self.value(&item.subscript_expr)?;
                    for (key, value) in map.keys.iter().zip(&map.values) {
                        if same(&self.value(key)?, &wanted) {
                            return self.value(value);
                        }
                    }
                    Ok(Value::None)
                }
                list => at(&self.value(list)?, self.index(&item.subscript_expr)?),
            },
            Expr::Slice(slice) => {
                let bound = |of: &Option<Expr<'_>>| of.as_ref().map(|of| self.index(of)).transpose();
                part(&self.value(&slice.expr)?, bound(&slice.start)?, bound(&slice.stop)?)
            }
            Expr::Call(_) | Expr::GetAttr(_) | Expr::Map(_) => Err("this part of Jinja is not supported".into()),
        }
    }

    fn index(&self, of: &Expr<'_>) -> Result<i64, String> {
        let number = number(&self.value(of)?, "[…]")?.settled();
        i64::try_from(number).ok().filter(|_| number.fract().is_zero()).ok_or_else(|| "`[…]` takes a whole number".to_string())
    }

    fn all(&self, items: &[Expr<'_>]) -> Result<Value, String> {
        items.iter().map(|item| self.value(item)).collect::<Result<_, _>>().map(Value::List)
    }

    fn binary(&self, kind: BinOpKind, left: &Expr<'_>, right: &Expr<'_>) -> Result<Value, String> {
        let left = self.value(left)?;
        let comparison = match kind {
            BinOpKind::ScAnd => return if left.is_true() { self.value(right) } else { Ok(left) },
            BinOpKind::ScOr => return if left.is_true() { Ok(left) } else { self.value(right) },
            BinOpKind::Concat => return joined(&left, &self.value(right)?),
            BinOpKind::Eq => CompareOpKind::Eq,
            BinOpKind::Ne => CompareOpKind::Ne,
            BinOpKind::Lt => CompareOpKind::Lt,
            BinOpKind::Lte => CompareOpKind::Lte,
            BinOpKind::Gt => CompareOpKind::Gt,
            BinOpKind::Gte => CompareOpKind::Gte,
            BinOpKind::In => CompareOpKind::In,
            _ => return arithmetic(kind, &left, &self.value(right)?),
        };
        compared(comparison, &left, &self.value(right)?).map(Value::Bool)
    }

    fn arguments(&self, all: &[CallArg<'_>]) -> Result<Vec<Value>, String> {
        let argument = |argument: &CallArg<'_>| match argument {
            CallArg::Pos(value) => self.value(value),
            _ => Err("give the arguments of a filter by position, without names".to_string()),
        };
        all.iter().map(argument).collect()
    }
}

/// The place of an index that may count from the end.
fn place(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    usize::try_from(if index < 0 { index + length } else { index }).ok()
}

fn at(value: &Value, index: i64) -> Result<Value, String> {
    let found = match value {
        Value::List(all) => place(index, all.len()).and_then(|place| all.get(place).cloned()),
        Value::Text(text) => {
            place(index, text.chars().count()).and_then(|place| text.chars().nth(place)).map(|c| Value::Text(c.to_string()))
        }
        other => return Err(format!("{} has no parts", other.described())),
    };
    Ok(found.unwrap_or(Value::None))
}

/// What of Jinja an expression uses that is not there, if it uses any.
///
/// # Errors
/// A sentence about it.
pub(super) fn supported(expression: &Expr<'_>) -> Result<(), String> {
    let each = |all: &[Expr<'_>]| all.iter().try_for_each(supported);
    let maybe = |one: &Option<Expr<'_>>| one.as_ref().map_or(Ok(()), supported);
    let arguments = |all: &[CallArg<'_>]| {
        all.iter().try_for_each(|argument| match argument {
            CallArg::Pos(value) => supported(value),
            _ => Err("give the arguments of a filter by position, without names".to_string()),
        })
    };
    match expression {
        Expr::Var(_) | Expr::Const(_) => Ok(()),
        Expr::List(list) => each(&list.items),
        Expr::Tuple(tuple) => each(&tuple.items),
        Expr::UnaryOp(unary) => supported(&unary.expr),
        Expr::BinOp(binary) => supported(&binary.left).and(supported(&binary.right)),
        Expr::Compare(compare) => supported(&compare.expr).and(compare.ops.iter().try_for_each(|step| supported(&step.expr))),
        Expr::IfExpr(choice) => supported(&choice.test_expr).and(supported(&choice.true_expr)).and(maybe(&choice.false_expr)),
        Expr::Filter(filter) => maybe(&filter.expr).and(arguments(&filter.args)),
        Expr::Test(test) => supported(&test.expr).and(arguments(&test.args)),
        Expr::GetItem(item) => supported(&item.subscript_expr).and(match &item.expr {
            Expr::Map(map) => each(&map.keys).and(each(&map.values)),
            list => supported(list),
        }),
        Expr::Slice(slice) if slice.step.is_some() => Err("`[…]` with a step is not supported".into()),
        Expr::Slice(slice) => supported(&slice.expr).and(maybe(&slice.start)).and(maybe(&slice.stop)),
        Expr::Map(_) => Err("a table needs its key: `{'A': 'x'}[code]`".into()),
        Expr::Call(_) => Err("functions and methods are not supported: use filters, such as `text | upper`".into()),
        Expr::GetAttr(_) => Err("the values of an expression have no attributes".into()),
    }
}

fn part(value: &Value, start: Option<i64>, stop: Option<i64>) -> Result<Value, String> {
    let bounds = |length: usize| {
        let bound = |index: Option<i64>, otherwise: usize| index.map_or(otherwise, |index| place(index, length).unwrap_or(0).min(length));
        let (start, stop) = (bound(start, 0), bound(stop, length));
        (start, stop.saturating_sub(start))
    };
    match value {
        Value::Text(text) => {
            let (skipped, taken) = bounds(text.chars().count());
            Ok(Value::Text(text.chars().skip(skipped).take(taken).collect()))
        }
        Value::List(all) => {
            let (skipped, taken) = bounds(all.len());
            Ok(Value::List(all.iter().skip(skipped).take(taken).cloned().collect()))
        }
        other => Err(format!("{} has no parts", other.described())),
    }
}
