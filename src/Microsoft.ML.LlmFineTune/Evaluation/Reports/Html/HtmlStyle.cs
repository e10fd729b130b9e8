namespace Microsoft.ML.LlmFineTune.Evaluation;

/// <summary>How HTML reports look. Every rule is fenced in by the class of the report, so that a notebook's page stays as it is.</summary>
internal static class HtmlStyle
{
    /// <summary>Of a page of its own.</summary>
    internal const string Page = """

        html { background: #f4f5f7; }
        body { margin: 0; padding: 2rem 1rem 4rem; }
        @media (prefers-color-scheme: dark) { html { background: #101216; } }
        @media print { html { background: none; } body { padding: 0; } }
        """;

    /// <summary>Of the report itself.</summary>
    internal const string Report = """

        .er { --er-ink: #1b1f24; --er-soft: #57606a; --er-paper: #ffffff; --er-rule: #d8dee4; --er-zebra: #f6f8fa; --er-hit: 31 111 179; --er-miss: 188 76 0;
          --er-right: #116329; --er-wrong: #a40e26; --er-c0: #1f6fb3; --er-c1: #bc4c00; --er-c2: #2c7a4b; --er-c3: #8250df; --er-c4: #9a6700; --er-c5: #bf3989;
          color-scheme: light dark; max-width: 62rem; margin: 0 auto; color: var(--er-ink); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; text-align: left; }
        @media (prefers-color-scheme: dark) { .er { --er-ink: #e6e9ed; --er-soft: #a0a9b4; --er-paper: #1a1d23; --er-rule: #363c46; --er-zebra: #21252c; --er-hit: 88 166 255; --er-miss: 240 136 62;
          --er-right: #5fd07e; --er-wrong: #ff8a80; --er-c0: #6cb2f7; --er-c1: #f0883e; --er-c2: #56d18a; --er-c3: #bc8cff; --er-c4: #d9b342; --er-c5: #f778ba; } }
        .er *, .er *::before { box-sizing: border-box; }
        .er header { margin: 0 0 1.5rem; }
        .er h1 { margin: 0; font-size: 2rem; line-height: 1.2; letter-spacing: -0.02em; font-weight: 700; color: inherit; }
        .er h2 { margin: 0 0 0.75rem; font-size: 1.2rem; line-height: 1.3; font-weight: 650; color: inherit; }
        .er p { margin: 0 0 0.75rem; }
        .er .er-lead { margin: 0.5rem 0 0; color: var(--er-soft); max-width: 46rem; overflow-wrap: anywhere; }
        .er .er-note, .er figcaption, .er caption { color: var(--er-soft); font-size: 0.875rem; }
        .er section { margin: 0 0 1.25rem; padding: 1.25rem 1.5rem; background: var(--er-paper); border: 1px solid var(--er-rule); border-radius: 0.75rem; }
        .er .er-tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(11.5rem, 1fr)); gap: 1.25rem; margin: 0; }
        .er .er-tiles > div { border-left: 3px solid var(--er-c0); padding: 0 0 0 0.85rem; }
        .er dt { margin: 0; color: var(--er-soft); font-size: 0.875rem; font-weight: 400; overflow-wrap: anywhere; }
        .er dd { margin: 0; overflow-wrap: anywhere; }
        .er .er-number { font-size: 1.7rem; line-height: 1.25; font-weight: 650; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; }
        .er .er-interval { color: var(--er-soft); font-size: 0.875rem; font-variant-numeric: tabular-nums; }
        .er .er-scroll { overflow-x: auto; }
        .er table { border-collapse: collapse; margin: 0 0 0.5rem; font-size: 0.9375rem; font-variant-numeric: tabular-nums; color: inherit; background: none; }
        .er caption { text-align: left; padding: 0 0 0.5rem; caption-side: top; }
        .er th, .er td { padding: 0.4rem 0.8rem; border: 0; border-bottom: 1px solid var(--er-rule); text-align: left; vertical-align: baseline; background: none; overflow-wrap: break-word; max-width: 28rem; }
        .er thead th { color: var(--er-soft); font-size: 0.8125rem; font-weight: 600; border-bottom-width: 2px; white-space: nowrap; }
        .er tbody th { font-weight: 500; }
        .er tbody tr:nth-child(even) { background: var(--er-zebra); }
        .er .er-n { text-align: right; white-space: nowrap; }
        .er small { color: var(--er-soft); font-size: 0.85em; }
        .er .er-hidden { position: absolute; width: 1px; height: 1px; padding: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
        .er .er-confusion tbody tr { background: none; }
        .er .er-confusion th, .er .er-confusion td { border: 0; white-space: nowrap; max-width: 14rem; overflow: hidden; text-overflow: ellipsis; }
        .er .er-confusion td { min-width: 3.4rem; text-align: center; border: 2px solid var(--er-paper); border-radius: 6px; }
        .er .er-confusion .er-hit { background: rgb(var(--er-hit) / calc(0.06 + var(--er-share) * 0.5)); }
        .er .er-confusion .er-miss { background: rgb(var(--er-miss) / calc(var(--er-share) * 0.75)); }
        .er .er-shades { width: 100%; max-width: 30rem; height: auto; display: block; }
        .er .er-shades .er-frame { fill: var(--er-zebra); }
        .er .er-shades .er-hit { fill: rgb(var(--er-hit)); }
        .er .er-shades .er-miss { fill: rgb(var(--er-miss)); }
        .er figure { margin: 0 0 0.75rem; }
        .er .er-chart { display: block; width: 100%; max-width: 28rem; height: auto; font-family: inherit; }
        .er .er-intervals { max-width: 38rem; }
        .er .er-grid { stroke: var(--er-rule); stroke-width: 1; fill: none; }
        .er .er-tick { fill: var(--er-soft); font-size: 11.5px; }
        .er .er-axis { fill: var(--er-ink); font-size: 13px; }
        .er .er-line { fill: none; stroke: currentColor; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round; }
        .er .er-line0 { color: var(--er-c0); } .er .er-line1 { color: var(--er-c1); } .er .er-line2 { color: var(--er-c2); }
        .er .er-line3 { color: var(--er-c3); } .er .er-line4 { color: var(--er-c4); } .er .er-line5 { color: var(--er-c5); }
        .er .er-line1 { stroke-dasharray: 8 4; } .er .er-line2 { stroke-dasharray: 2 5; } .er .er-line3 { stroke-dasharray: 10 4 2 4; } .er .er-line4 { stroke-dasharray: 5 3; } .er .er-line5 { stroke-dasharray: 14 5; }
        .er .er-plot { max-width: 38rem; } .er .er-plot .er-line { stroke-width: 1.8; } .er .er-plot .er-faint { stroke-width: 1; stroke-dasharray: none; } .er path.er-faint, .er .er-faint::before { opacity: 0.45; }
        .er .er-point { fill: currentColor; stroke: var(--er-paper); stroke-width: 1; }
        .er .er-diagonal { stroke: var(--er-soft); stroke-width: 1.4; stroke-dasharray: 5 5; fill: none; }
        .er .er-bar { fill: var(--er-c0); fill-opacity: 0.8; }
        .er .er-gap { fill: var(--er-c1); fill-opacity: 0.3; stroke: var(--er-c1); stroke-width: 1; }
        .er .er-strip { fill: var(--er-soft); fill-opacity: 0.55; }
        .er .er-dot { fill: var(--er-c0); stroke: var(--er-paper); stroke-width: 1.5; }
        .er .er-legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; padding-top: 0.35rem; }
        .er .er-key { display: inline-flex; align-items: center; gap: 0.45rem; }
        .er .er-key::before { content: ""; width: 1.1rem; height: 0.7rem; border-radius: 2px; background: currentColor; }
        .er .er-gapkey { color: var(--er-c1); } .er .er-stripkey { color: var(--er-soft); }
        .er .er-mistakes { margin: 0; padding: 0 0 0 1.6rem; }
        .er .er-mistakes li { padding: 0.1rem 0 0.7rem 0.2rem; }
        .er .er-mistakes li::marker { color: var(--er-soft); font-size: 0.875rem; }
        .er blockquote { margin: 0; padding: 0.5rem 0.85rem; background: var(--er-zebra); border: 0; border-inline-start: 3px solid var(--er-rule); border-radius: 4px; color: inherit; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 16rem; overflow-y: auto; }
        .er .er-verdict { display: flex; flex-wrap: wrap; gap: 0.1rem 1.25rem; margin: 0.3rem 0 0; font-size: 0.875rem; color: var(--er-soft); }
        .er .er-verdict b { color: var(--er-ink); font-weight: 600; overflow-wrap: anywhere; } .er .er-verdict .er-right { color: var(--er-right); } .er .er-verdict .er-wrong { color: var(--er-wrong); }
        .er mark { background: rgb(var(--er-hit) / 0.2); color: inherit; border-bottom: 2px solid var(--er-c0); }
        .er ul { margin: 0; padding-left: 1.3rem; }
        @media (min-width: 56rem) { .er { display: grid; grid-template-columns: 1fr 1fr; column-gap: 1.25rem; } .er > * { grid-column: 1 / -1; min-width: 0; } .er > .er-s-curves, .er > .er-s-calibration, .er > .er-s-chart { grid-column: auto; } }
        @media (max-width: 40rem) { .er section { padding: 1rem; } .er h1 { font-size: 1.6rem; } }
        @media print { .er { --er-ink: #000; --er-soft: #444; --er-paper: #fff; --er-rule: #bbb; --er-zebra: #f4f4f4; --er-hit: 31 111 179; --er-miss: 188 76 0; --er-right: #116329; --er-wrong: #a40e26;
          --er-c0: #1f6fb3; --er-c1: #bc4c00; --er-c2: #2c7a4b; --er-c3: #8250df; --er-c4: #9a6700; --er-c5: #bf3989; max-width: none; display: block; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
          .er section { border: 0; padding: 0; margin-bottom: 1.5rem; } .er .er-scroll, .er blockquote { overflow: visible; max-height: none; }
          .er figure, .er li, .er tr, .er .er-tiles > div { break-inside: avoid; } .er h2 { break-after: avoid; } .er .er-chart { max-width: 11cm; } }
        """;
}
