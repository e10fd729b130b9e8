using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Leaves out the rows for which a function answers true.</summary>
internal sealed class CustomPredicateFilter<TSrc> : RowPredicateFilter where TSrc : class, new()
{
    private readonly RowWriter<TSrc> _writer;
    private readonly Func<TSrc, bool> _removes;

    public CustomPredicateFilter(IHostEnvironment env, IDataView input, Func<TSrc, bool> removes) : base(env, "CustomFilter", input)
    {
        Host.CheckValue(removes, "predicate");
        _writer = new(Host, input.Schema, false, null);
        _removes = removes;
    }

    protected override IEnumerable<DataViewSchema.Column> TestedColumns => _writer.Columns;

    protected override Func<bool> CreateTest(DataViewRow row)
    {
        var fill = _writer.Over(row);
        var example = new TSrc();
        return () =>
        {
            fill(example);
            return !_removes(example);
        };
    }
}
