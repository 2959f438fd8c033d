/** The page's looks. Colours say what HAProxy's say. */
export const STYLE = `
:root { --ink: #1c2430; --dim: #5b6675; --line: #d3d9e2; --head: #eef1f6; --link: #0b5cad; --page: #fff; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem 1.25rem 3rem; color: var(--ink); background: var(--page); font: 13px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
header { display: flex; align-items: baseline; gap: 1rem; border-bottom: 2px solid var(--ink); padding-bottom: .4rem; }
h1 { font-size: 1.5rem; margin: 0; } header p { margin: 0; color: var(--dim); } .about { border-left: 1px solid var(--line); padding-left: .5rem; }
h2 { font-size: 1rem; margin: 0 0 .35rem; } h2 small { font-weight: normal; color: var(--dim); }
.general { display: flex; flex-wrap: wrap; gap: 1rem 2.2rem; margin: .9rem 0 1.4rem; }
.general h2 { font-size: .75rem; text-transform: uppercase; letter-spacing: .04em; color: var(--dim); }
dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem .8rem; margin: 0; } dt { color: var(--dim); } dd { margin: 0; }
ul { list-style: none; margin: 0; padding: 0; } .legend { columns: 2; column-gap: 1.2rem; }
.swatch { display: inline-block; width: .9rem; height: .9rem; margin-right: .4rem; vertical-align: -.12rem; border: 1px solid #0002; border-radius: 2px; }
.scope { margin-bottom: .2rem; } input, select, button { font: inherit; } .scope input { padding: 0 .3rem; }
.outcome { padding: .45rem .8rem; border-radius: 4px; background: var(--head); } .outcome a { float: right; }
.outcome.good { background: #dcf5de; } .outcome.bad { background: #ffdedb; }
.proxy { margin-bottom: 1.5rem; } .proxy h2 a { color: var(--ink); } .scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; white-space: nowrap; font-size: 12px; }
th, td { border: 1px solid var(--line); padding: .16rem .27rem; text-align: right; }
thead th { background: var(--head); font-weight: 600; font-size: .75rem; text-align: center; }
tbody th { text-align: left; font-weight: 600; } tbody th a { color: inherit; }
.first { border-left: 2px solid #b4bdca; } .status { text-align: center; } .select { text-align: center; width: 1.6rem; }
.more { text-decoration: underline dotted #8b95a5; text-underline-offset: 2px; cursor: help; }
.frontend, .backend { background: #f6f7f9; } .backend { font-weight: 600; }
.up { background: #d5f5d5; } .backup-up { background: #d5e6fb; } .going-down { background: #fff3b8; } .going-up { background: #ffdca8; }
.down { background: #ffc1bc; } .maint { background: #e3cdb3; } .drain { background: #bfd9f7; } .nolb { background: #d9d2f5; } .no-check { background: #eceff3; }
.action { margin: .4rem 0 0; } .action select { margin: 0 .3rem; } .nothing { color: var(--dim); }
`;
