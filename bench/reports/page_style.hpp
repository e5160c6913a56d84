#pragma once

/// @file
/// How the page looks, on a wide screen and on a narrow one.

namespace tapedeck::reports {

inline constexpr const char* page_style = R"(
:root { color-scheme: light; --ink: #1d2329; --quiet: #5a6370; --line: #dde1e6; --blue: #0072B2;
        --good: #00704f; --bad: #b34700; }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 1.2rem 1rem 4rem; max-width: 78rem; background: #fff; color: var(--ink);
       font: 16px/1.55 system-ui, "Segoe UI", "Helvetica Neue", sans-serif; }
h1 { margin: 0.5rem 0 1rem; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 0; line-height: 1.25; font-size: 1.45rem; }
h3 { margin: 2.2rem 0 0.6rem; font-size: 1.1rem; }
section { margin-top: 3.5rem; padding-top: 1.2rem; border-top: 3px solid var(--blue); }
p, ul, ol { max-width: 46rem; }
ul { padding-left: 1.2rem; }
li { margin: 0.25rem 0; }
a { color: #00568a; }
code, pre { font: 0.9em/1.45 ui-monospace, "SFMono-Regular", Menlo, monospace; overflow-wrap: anywhere; }
pre { padding: 0.6rem 0.8rem; background: #f3f5f7; border-radius: 4px; white-space: pre-wrap; }
.quiet { color: var(--quiet); }
.notice { padding: 0.6rem 0.9rem; border-left: 4px solid #E69F00; background: #fff8ea; }
table { width: 100%; border-collapse: collapse; font-size: 0.86rem; font-variant-numeric: tabular-nums; }
caption { padding: 0.3rem 0; text-align: left; color: var(--quiet); }
th, td { padding: 0.35rem 0.9rem 0.35rem 0; text-align: left; vertical-align: top;
         border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--quiet); font-weight: normal; }
tbody th { font-weight: 600; }
th:last-child, td:last-child { padding-right: 0; }
td span { display: block; white-space: nowrap; }
tbody th span { display: block; font-weight: normal; color: var(--quiet); }
td .printed { color: var(--quiet); }
.agrees { color: var(--good); }
.differs { color: var(--bad); }
.undecided { color: var(--quiet); }
td.number { white-space: nowrap; }
.glance td span { display: inline-block; margin-right: 0.9rem; }
.claims { list-style: none; padding: 0; }
.claims li { margin: 0.8rem 0; padding-left: 1.7rem; position: relative; }
.claims .mark { position: absolute; left: 0; font-weight: 700; }
.claims .figures { display: block; font-size: 0.9rem; color: var(--quiet); }
.cards { display: flex; flex-wrap: wrap; gap: 1.6rem 1.5rem; margin: 1.6rem 0; }
.cards > * { flex: 1 1 20rem; min-width: 0; max-width: 28rem; margin: 0; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { margin-top: 0.2rem; font-size: 0.9rem; color: var(--ink); }
details { margin: 0.8rem 0; }
summary { cursor: pointer; color: #00568a; }
@media (max-width: 60rem) {
  .ours thead { display: none; }
  .ours, .ours tbody, .ours caption { display: block; }
  .ours tr { display: grid; grid-template-columns: 1fr 1fr; gap: 0.2rem 0.8rem; padding: 0.6rem 0;
             border-top: 1px solid var(--line); }
  .ours th, .ours td { padding: 0; border: 0; }
  .ours tbody th { grid-column: 1 / -1; }
  .ours td::before { content: attr(data-name); display: block; font-size: 0.78rem; color: var(--quiet); }
  .ours td:empty { display: none; }
}
@media (max-width: 40rem) {
  body { padding: 0.8rem 0.8rem 3rem; }
  h1 { font-size: 1.5rem; }
  .glance th, .glance td { padding-right: 0.5rem; }
  .glance .extra { display: none; }
}
@media (min-width: 70rem) {
  .lead { display: grid; grid-template-columns: 3fr 2fr; gap: 3rem; }
  .lead > * { min-width: 0; }
  .readings { font-size: 0.9rem; }
}
@media print { section { break-before: page; } }
)";

}  // namespace tapedeck::reports
