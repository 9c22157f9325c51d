// The page's style sheet: one column, system fonts, colours that keep a contrast of at least 4.5 to 1 for text in light and dark.

/** Told apart with any colour vision, after Okabe and Ito; states of validators are named in the picture as well. */
const light = `
  --paper: #fcfcfa; --card: #ffffff; --ink: #1b1f24; --muted: #5a626c; --line: #e2e4e4;
  --first: #00727a; --second: #b3470b; --third: #6a4fa3;
  --shade: #d08700; --fault: #e0a13a; --fault-ink: #8a5a00;
  --pass: #0b6b3a; --pass-back: #e3f3e9; --fail: #b0212b; --fail-back: #fbe6e6; --unknown: #74550a; --unknown-back: #f8efd8;
  --voting: #bfe0dc; --following: #dcebf5; --starting: #e6e6e2; --mute: #d9cdec; --paused: #f5df9f; --down: #a9adb3;
  --refuses: #eda9a4; --adversary: #f2c3cf;`

const dark = `
  --paper: #14171a; --card: #1b1f23; --ink: #e8eaec; --muted: #a0a8b1; --line: #30363c;
  --first: #4fc1c5; --second: #f0965a; --third: #b9a2ee;
  --shade: #e0a13a; --fault: #a87316; --fault-ink: #ecbb62;
  --pass: #6fd39b; --pass-back: #16331f; --fail: #ff9a98; --fail-back: #431b1d; --unknown: #ecc66a; --unknown-back: #382c0d;
  --voting: #1f4d4b; --following: #233c4e; --starting: #34373a; --mute: #43356a; --paused: #5e4a12; --down: #5a6068;
  --refuses: #74302f; --adversary: #6b2f42;`

export const styleSheet = `
:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: clamp(1.55rem, 1.1rem + 2vw, 2.3rem); line-height: 1.18; letter-spacing: -0.015em; margin: 0.35rem 0 0.9rem; text-wrap: balance; }
h2 { font-size: 1.2rem; letter-spacing: -0.005em; margin: 3rem 0 0.35rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 0.95rem; margin: 1.6rem 0 0.1rem; }
p { margin: 0.4rem 0; max-width: 46rem; overflow-wrap: break-word; }
.eyebrow, .note, figcaption { color: var(--muted); font-size: 0.875rem; }
.eyebrow { letter-spacing: 0.01em; }
.about { font-size: 1.05rem; }
.badge { display: inline-block; padding: 0.1rem 0.6rem; border-radius: 99px; font-weight: 650; font-size: 0.85rem; white-space: nowrap; }
.outcome { font-size: 1rem; padding: 0.25rem 0.9rem; }
.pass { color: var(--pass); background: var(--pass-back); }
.fail { color: var(--fail); background: var(--fail-back); }
.unknown { color: var(--unknown); background: var(--unknown-back); }
.reasons { margin: 0.8rem 0; padding: 0.7rem 1rem 0.7rem 2rem; border-left: 4px solid var(--fail); background: var(--fail-back); border-radius: 4px; overflow-wrap: anywhere; }
.reasons.unknown { border-color: var(--unknown); background: var(--unknown-back); color: var(--ink); }
.reasons.fail { color: var(--ink); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: 0.75rem; margin: 1.6rem 0 0; padding: 0; }
.tiles > div { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 0.75rem 0.9rem; }
.tiles dt { color: var(--muted); font-size: 0.84rem; }
.tiles dd { margin: 0.1rem 0 0; font-size: 1.45rem; font-weight: 620; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; }
.tiles small { display: block; font-size: 0.82rem; font-weight: 400; color: var(--muted); letter-spacing: 0; }
.bar { display: block; height: 6px; margin-top: 0.45rem; border-radius: 3px; background: var(--line); overflow: hidden; }
.bar > span { display: block; height: 100%; background: var(--first); }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1.2rem; margin: 0.8rem 0; }
.facts dt { color: var(--muted); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 0.2rem 0 0; }
.chart { display: block; width: 100%; height: auto; overflow: visible; color: var(--muted); font-family: inherit; font-size: 12px; }
.chart.narrow { display: none; }
.chart [aria-label$="grid"] { stroke-opacity: 0.18; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; margin: 0.1rem 0 0.3rem; padding: 0; list-style: none; color: var(--muted); font-size: 0.875rem; }
.swatch { display: inline-block; width: 1.1em; height: 0.75em; margin-right: 0.4em; border-radius: 2px; vertical-align: -0.02em; }
.swatch.line { height: 0; border-top: 3px solid; border-radius: 0; vertical-align: 0.25em; }
.swatch.dashed { border-top-style: dashed; }
.swatch.outline { border: 2px solid var(--fault); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 0.7rem 0; font-size: 0.93rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--muted); font-size: 0.84rem; }
th, td { padding: 0.42rem 0.9rem 0.42rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; }
td { overflow-wrap: break-word; }
.rules { list-style: none; margin: 0.8rem 0; padding: 0; }
.rules > li { display: grid; grid-template-columns: 2.6rem 6rem 1fr; gap: 0 0.9rem; padding: 0.6rem 0; border-bottom: 1px solid var(--line); align-items: baseline; }
.rules .id { font-weight: 650; font-variant-numeric: tabular-nums; }
.rules .evidence { grid-column: 3; margin: 0.15rem 0 0; padding: 0; list-style: none; color: var(--muted); font-size: 0.875rem; overflow-wrap: anywhere; }
.rules .isBroken .evidence { color: var(--ink); }
.rules .isIdle { color: var(--muted); }
.idle { color: var(--muted); background: var(--line); }
.expectations { list-style: none; margin: 0.6rem 0; padding: 0; }
.expectations li { padding: 0.2rem 0; }
.mark { display: inline-block; width: 1.5em; font-weight: 700; }
.share { display: flex; height: 14px; border-radius: 4px; overflow: hidden; margin: 0.8rem 0 0.4rem; background: var(--line); gap: 2px; }
pre { margin: 0.6rem 0; padding: 0.85rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere; }
code { font: 0.9rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
pre code { user-select: all; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--muted); font-size: 0.84rem; overflow-wrap: anywhere; }
@media (max-width: 640px) {
  main { padding: 1.4rem 1rem 3rem; }
  .chart.wide { display: none; }
  .chart.narrow { display: block; }
  .tiles { grid-template-columns: 1fr 1fr; }
  .tiles dd { font-size: 1.2rem; }
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: 0.5rem; }
  .scroll table { min-width: 32rem; }
  .rules > li { grid-template-columns: 2.6rem 1fr; }
  .rules .rule, .rules .evidence { grid-column: 1 / -1; }
}
@media print { .chart, .rules > li, table { break-inside: avoid; } }
`
