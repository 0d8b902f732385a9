//! Workers over time, as a picture: SVG, written by hand.

use std::fmt::Write;

use crate::model::Point;

/// One policy's course.
#[derive(Clone, Debug)]
pub struct Curve {
    /// What it is called.
    pub name: String,
    /// Its course.
    pub points: Vec<Point>,
}

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 160.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 34.0;
const GAP: f64 = 26.0;
/// More points than this are not to be told apart.
const MOST: usize = 2000;

/// One panel a policy, all to the same scales: paid workers filled, those that run something dark, work that waits as a
/// line.
pub fn svg(title: &str, threads: u32, curves: &[Curve]) -> String {
    let end = curves.iter().filter_map(|curve| curve.points.last()).map(|point| point.at).fold(1.0, f64::max);
    let most = curves.iter().flat_map(|curve| &curve.points).map(|point| point.paid).max().unwrap_or(1).max(1);
    let height = TOP + (HEIGHT + GAP) * curves.len() as f64 + 10.0;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"{LEFT}\" y=\"20\" font-size=\"15\">{}</text>\n",
        LEFT + WIDTH + 20.0,
        escaped(title)
    );
    for (index, curve) in curves.iter().enumerate() {
        let top = TOP + (HEIGHT + GAP) * index as f64;
        panel(&mut text, curve, Scale { top, end, most: f64::from(most), threads: f64::from(threads.max(1)) });
    }
    text + "</svg>\n"
}

#[derive(Clone, Copy)]
struct Scale {
    top: f64,
    end: f64,
    most: f64,
    threads: f64,
}

impl Scale {
    fn x(&self, at: f64) -> f64 {
        LEFT + WIDTH * at / self.end
    }

    fn y(&self, workers: f64) -> f64 {
        self.top + HEIGHT * (1.0 - (workers / self.most).min(1.0))
    }
}

fn panel(text: &mut String, curve: &Curve, scale: Scale) {
    let points = thinned(&curve.points);
    let (bottom, right) = (scale.y(0.0), LEFT + WIDTH);
    let paid = steps(&points, scale, |point| f64::from(point.paid));
    let busy = steps(&points, scale, |point| point.running as f64 / scale.threads);
    let work = steps(&points, scale, |point| point.runnable as f64 / scale.threads);
    // Writing to a text cannot fail.
    let _ = writeln!(
        text,
        "<path d=\"M{LEFT} {bottom}{paid}V{bottom}Z\" fill=\"#cfe3f5\"/>\n<path d=\"M{LEFT} {bottom}{busy}V{bottom}Z\" fill=\"#4a8fc7\"/>\n\
         <path d=\"M{LEFT} {bottom}{work}\" fill=\"none\" stroke=\"#d9822b\"/>\n\
         <path d=\"M{LEFT} {}V{bottom}H{right}\" fill=\"none\" stroke=\"#444\"/>\n\
         <text x=\"{}\" y=\"{}\">{}</text>\n<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{:.0}</text>\n\
         <text x=\"{right}\" y=\"{}\" text-anchor=\"end\">{}</text>",
        scale.top,
        LEFT + 6.0,
        scale.top + 12.0,
        escaped(&curve.name),
        LEFT - 6.0,
        scale.top + 10.0,
        scale.most,
        bottom + 14.0,
        caddis_types::duration::display(std::time::Duration::from_secs_f64(scale.end)),
    );
}

/// A path that goes level from point to point.
fn steps(points: &[Point], scale: Scale, value: impl Fn(&Point) -> f64) -> String {
    let step = |point: &Point| format!("H{:.1}V{:.1}", scale.x(point.at), scale.y(value(point)));
    points.iter().map(step).collect()
}

fn thinned(points: &[Point]) -> Vec<Point> {
    let every = points.len().div_ceil(MOST).max(1);
    let last = points.last().copied();
    points.iter().copied().step_by(every).chain(last).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_well_formed_and_small() {
        let points: Vec<Point> =
            (0..50_000u32).map(|n| Point { at: f64::from(n), paid: n % 7, running: 3, runnable: 9 }).collect();
        let picture = svg("a < b", 3, &[Curve { name: "caddis".into(), points }]);
        assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n") && picture.contains("a &lt; b"));
        assert!(picture.len() < 200_000, "{}", picture.len());
    }
}
