using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>
/// Runs a function of row objects. Each cursor has one object for its input rows and one for its output, which is reused:
/// members that the function doesn't set keep the values of an earlier row.
/// </summary>
internal sealed class CustomRowMapper<TSrc, TDst> : IRowMapper
    where TSrc : class, new()
    where TDst : class, new()
{
    private readonly RowWriter<TSrc> _input;
    private readonly RowReader<TDst> _output;
    private readonly Func<Action<TSrc, TDst>> _start;

    /// <param name="start">Gives the function that one cursor runs.</param>
    public CustomRowMapper(IHost host, DataViewSchema inputSchema, SchemaDefinition inputDefinition, RowReader<TDst> output, Func<Action<TSrc, TDst>> start)
    {
        _input = new RowWriter<TSrc>(host, inputSchema, ignoreMissingColumns: false, inputDefinition);
        _output = output;
        _start = start;
    }

    public DataViewSchema.DetachedColumn[] GetOutputColumns() => _output.Schema.Select(column => new DataViewSchema.DetachedColumn(column)).ToArray();

    public Func<int, bool> GetDependencies(Func<int, bool> activeOutput)
    {
        if (!_output.Schema.Any(column => activeOutput(column.Index)))
            return _ => false;
        var needed = _input.Columns.Select(column => column.Index).ToHashSet();
        return needed.Contains;
    }

    public Delegate[] CreateGetters(DataViewRow input, Func<int, bool> activeOutput, out Action disposer)
    {
        disposer = null;
        if (!_output.Schema.Any(column => activeOutput(column.Index)))
            return new Delegate[_output.Schema.Count];

        var map = _start();
        var source = new TSrc();
        var target = new TDst();
        var read = _input.Over(input);
        long position = -1;
        TDst Mapped()
        {
            if (position != input.Position)
            {
                read(source);
                map(source, target);
                position = input.Position;
            }
            return target;
        }

        return _output.CreateGetters(Mapped, activeOutput);
    }
}
