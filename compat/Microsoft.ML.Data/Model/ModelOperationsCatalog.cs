using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

public sealed class ModelOperationsCatalog : IInternalCatalog
{
    private const string ModelFolder = "TransformerChain", LoaderFolder = "Loader", SchemaEntry = "Schema";

    private readonly IHostEnvironment _env;

    internal ModelOperationsCatalog(IHostEnvironment env) => _env = env;

    IHostEnvironment IInternalCatalog.Environment => _env;

    public void Save(ITransformer model, DataViewSchema inputSchema, string filePath)
    {
        _env.CheckNonEmpty(filePath, nameof(filePath));
        using var stream = File.Create(filePath);
        Save(model, inputSchema, stream);
    }

    public void Save(ITransformer model, DataViewSchema inputSchema, Stream stream)
    {
        _env.CheckValue(stream, nameof(stream));
        using var repository = RepositoryWriter.CreateNew(stream, _env);
        ModelSaveContext.SaveModel(repository, model, ModelFolder);
        if (inputSchema != null)
        {
            using var channel = _env.Start("Saving Schema");
            SchemaFile.Write(inputSchema, repository.CreateEntry(SchemaEntry).Stream);
        }
        repository.Commit();
    }

    public ITransformer Load(string filePath, out DataViewSchema inputSchema)
    {
        _env.CheckNonEmpty(filePath, nameof(filePath));
        using var stream = File.OpenRead(filePath);
        return Load(stream, out inputSchema);
    }

    public ITransformer Load(Stream stream, out DataViewSchema inputSchema)
    {
        _env.CheckValue(stream, nameof(stream));
        using var repository = RepositoryReader.Open(stream, _env);
        inputSchema = null;
        using (var schema = repository.OpenEntryOrNull(SchemaEntry))
        {
            if (schema != null)
            {
                inputSchema = SchemaFile.Read(_env, schema.Stream);
                ModelLoadContext.LoadModel<ITransformer, SignatureLoadModel>(_env, out var model, repository, ModelFolder);
                return model;
            }
        }
        if (ModelLoadContext.LoadModelOrNull<IDataLoader<IMultiStreamSource>, SignatureLoadModel>(_env, out var loader, repository, LoaderFolder))
            inputSchema = loader.GetOutputSchema();
        if (ModelLoadContext.LoadModelOrNull<ITransformer, SignatureLoadModel>(_env, out var alone, repository, ModelFolder))
            return alone;
        // The oldest model files hold a loader and nothing else.
        throw _env.Except(_env.Except("Repository doesn't contain entry DataLoaderModel/Model.key"), "Could not load legacy format model");
    }

    public void Save<TSource>(ITransformer model, IDataLoader<TSource> loader, string filePath)
    {
        _env.CheckValue(loader, nameof(loader));
        _env.CheckNonEmpty(filePath, nameof(filePath));
        using var stream = File.Create(filePath);
        Save(model, loader, stream);
    }

    public void Save<TSource>(ITransformer model, IDataLoader<TSource> loader, Stream stream)
    {
        _env.CheckValue(loader, nameof(loader));
        _env.CheckValue(stream, nameof(stream));
        using var repository = RepositoryWriter.CreateNew(stream, _env);
        ModelSaveContext.SaveModel(repository, loader, LoaderFolder);
        ModelSaveContext.SaveModel(repository, model ?? new TransformerChain<ITransformer>(), ModelFolder);
        repository.Commit();
    }

    public ITransformer LoadWithDataLoader(string filePath, out IDataLoader<IMultiStreamSource> loader)
    {
        _env.CheckNonEmpty(filePath, nameof(filePath));
        using var stream = File.OpenRead(filePath);
        return LoadWithDataLoader(stream, out loader);
    }

    public ITransformer LoadWithDataLoader(Stream stream, out IDataLoader<IMultiStreamSource> loader)
    {
        _env.CheckValue(stream, nameof(stream));
        using var repository = RepositoryReader.Open(stream, _env);
        try
        {
            ModelLoadContext.LoadModel<IDataLoader<IMultiStreamSource>, SignatureLoadModel>(_env, out loader, repository, LoaderFolder);
            ModelLoadContext.LoadModel<ITransformer, SignatureLoadModel>(_env, out var model, repository, ModelFolder);
            return model;
        }
        catch (Exception ex)
        {
            throw _env.Except(ex, "Model does not contain an IDataLoader. Perhaps this was saved with an DataViewSchema, or even no information on its input at all. Consider using the Load method instead.");
        }
    }

    public PredictionEngine<TSrc, TDst> CreatePredictionEngine<TSrc, TDst>(ITransformer transformer, bool ignoreMissingColumns = true,
        SchemaDefinition inputSchemaDefinition = null, SchemaDefinition outputSchemaDefinition = null)
        where TSrc : class where TDst : class, new()
        => CreatePredictionEngine<TSrc, TDst>(transformer, new PredictionEngineOptions
        {
            IgnoreMissingColumns = ignoreMissingColumns,
            InputSchemaDefinition = inputSchemaDefinition,
            OutputSchemaDefinition = outputSchemaDefinition,
        });

    public PredictionEngine<TSrc, TDst> CreatePredictionEngine<TSrc, TDst>(ITransformer transformer, DataViewSchema inputSchema)
        where TSrc : class where TDst : class, new()
        => CreatePredictionEngine<TSrc, TDst>(transformer, false, DataOperationsCatalog.DefinitionOf<TSrc>(_env, inputSchema));

    public PredictionEngine<TSrc, TDst> CreatePredictionEngine<TSrc, TDst>(ITransformer transformer, PredictionEngineOptions options)
        where TSrc : class where TDst : class, new()
        => new(_env, transformer, options);
}
