using Microsoft.ML.Data;
using Microsoft.ML.LlmFineTune.Estimators.RowMapping;
using System.Text.Json.Nodes;

namespace Microsoft.ML.LlmFineTune.Estimators;

/// <summary>
/// What all fitted tasks have in common: they read one text column, add columns behind the input's own, compute lazily and many rows at a time, work row by
/// row behind a <c>PredictionEngine</c>, and are saved with <c>mlContext.Model.Save</c> (weights as zip entries) or as a folder.
/// </summary>
/// <remarks>
/// <c>mlContext.Model.Save</c> is ML.NET's own, and writes straight into its file; where a full disk must not cost the model that was there,
/// call it through <c>AtomicFile.Write(path, stream => mlContext.Model.Save(model, schema, stream))</c>, or save a folder.
/// Native memory is freed when the transformer and what it was made of are no longer referenced; there is nothing to dispose.
/// </remarks>
public abstract class TextTransformer : ITransformer
{
    private protected TextTransformer(string textColumnName) => TextColumnName = textColumnName;

    /// <summary>The text column that is read.</summary>
    public string TextColumnName { get; }

    /// <summary>Always true: every row is mapped by itself.</summary>
    public bool IsRowToRowMapper => true;

    /// <summary>The task's name in <c>task.json</c>.</summary>
    internal abstract string Task { get; }

    private protected abstract ITextMapping Mapping { get; }

    /// <summary>The input's columns and, behind them, those of the task.</summary>
    /// <exception cref="ArgumentException">The text column is missing or is no text.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => Mapping.Bind(Checked(inputSchema, nameof(inputSchema))).OutputSchema;

    /// <summary>The mapping of single rows.</summary>
    /// <exception cref="ArgumentException">The text column is missing or is no text.</exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => Mapping.Bind(Checked(inputSchema, nameof(inputSchema)));

    /// <summary>The input with the task's columns behind its own. Lazy: the schema is checked at once, rows are computed when they are read.</summary>
    /// <exception cref="ArgumentException">The text column is missing or is no text.</exception>
    public IDataView Transform(IDataView input) => Mapping.Apply(Checked(input, nameof(input)));

    /// <summary>Saves the transformer as a folder: Hugging Face's files (config.json, model.safetensors, tokenizer.json) as far as the task has them, and <c>task.json</c>.</summary>
    /// <param name="folder">Made when missing. Where writing fails, what was there stays as it was.</param>
    public void SaveFolder(string folder) => TransformerFolder.Save(this, folder);

    void ICanSaveModel.Save(ModelSaveContext ctx) => ModelReader.Save(this, Checked(ctx, nameof(ctx)));

    /// <summary>What <c>task.json</c> has to hold for this task: its columns and settings.</summary>
    internal abstract JsonObject Describe();

    /// <summary>Writes all files of the folder, <c>task.json</c> with them.</summary>
    internal abstract void SaveFiles(string folder, JsonObject task);

    private static T Checked<T>(T value, string name) where T : class
    {
        ArgumentNullException.ThrowIfNull(value, name);
        return value;
    }
}
