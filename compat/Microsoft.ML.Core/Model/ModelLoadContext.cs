using System.Reflection;
using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Where a component loads itself from: see <see cref="ModelSaveContext"/>.</summary>
internal sealed class ModelLoadContext : IDisposable
{
    public const string ModelStreamName = "Model.key";

    public readonly RepositoryReader Repository;
    public readonly string Directory;
    public readonly BinaryReader Reader;
    public readonly string[] Strings;
    public readonly string LoaderAssemblyName;
    internal ModelHeader Header;
    public readonly long FpMin;

    private readonly IExceptionContext _ectx;

    internal ModelLoadContext(RepositoryReader rep, Repository.Entry ent, string dir)
    {
        Contracts.CheckValue(rep, nameof(rep));
        Repository = rep;
        _ectx = rep.ExceptionContext;
        _ectx.CheckValue(ent, nameof(ent));
        Directory = dir;
        Reader = new(ent.Stream, Encoding.UTF8, leaveOpen: true);
        ModelHeader.BeginRead(Reader, out FpMin, out Header, out Strings, out LoaderAssemblyName);
    }

    internal ModelLoadContext(BinaryReader reader, IExceptionContext ectx = null)
    {
        _ectx = ectx;
        _ectx.CheckValue(reader, nameof(reader));
        Reader = reader;
        ModelHeader.BeginRead(Reader, out FpMin, out Header, out Strings, out LoaderAssemblyName);
    }

    public bool InRepository => Repository != null;

    public void CheckAtModel() => _ectx.Check(Reader.BaseStream.Position == FpMin + Header.FpModel);

    public void CheckAtModel(VersionInfo ver)
    {
        CheckAtModel();
        CheckVersionInfo(ver);
    }

    public void CheckVersionInfo(VersionInfo ver) => ModelHeader.CheckVersionInfo(ref Header, ver);

    public string LoadStringOrNull()
    {
        int id = Reader.ReadInt32();
        _ectx.CheckDecode(-1 <= id && id < (Strings?.Length ?? 0));
        return id < 0 ? null : Strings[id];
    }

    public string LoadString()
    {
        var text = LoadStringOrNull();
        _ectx.CheckDecode(text != null);
        return text;
    }

    public string LoadNonEmptyString()
    {
        var text = LoadString();
        _ectx.CheckDecode(text.Length > 0);
        return text;
    }

    public bool ContainsModel(string name)
    {
        if (!InRepository || string.IsNullOrEmpty(name))
            return false;
        using var entry = Repository.OpenEntryOrNull(Path.Combine(Directory ?? "", name), ModelStreamName);
        return entry != null;
    }

    public bool TryProcessSubModel(string dir, Action<ModelLoadContext> action)
    {
        CheckInRepository("Can't Load a sub-model when reading from a single stream");
        string path = Path.Combine(Directory ?? "", _ectx.CheckNonEmpty(dir, nameof(dir)));
        using var entry = Repository.OpenEntryOrNull(path, ModelStreamName);
        if (entry == null)
            return false;
        using var context = new ModelLoadContext(Repository, entry, path);
        action(context);
        return true;
    }

    public bool TryLoadBinaryStream(string name, Action<BinaryReader> action)
    {
        CheckInRepository("Can't Load a sub-model when reading from a single stream");
        using var entry = Repository.OpenEntryOrNull(Directory, _ectx.CheckNonEmpty(name, nameof(name)));
        if (entry == null)
            return false;
        using var reader = new BinaryReader(entry.Stream, Encoding.UTF8, leaveOpen: true);
        action(reader);
        return true;
    }

    public bool TryLoadTextStream(string name, Action<TextReader> action)
    {
        CheckInRepository("Can't Load a sub-model when reading from a single stream");
        using var entry = Repository.OpenEntryOrNull(Directory, _ectx.CheckNonEmpty(name, nameof(name)));
        if (entry == null)
            return false;
        using var reader = new StreamReader(entry.Stream);
        action(reader);
        return true;
    }

    public void LoadModel<TRes, TSig>(IHostEnvironment env, out TRes result, string name, params object[] extra) where TRes : class
    {
        if (!LoadModelOrNull<TRes, TSig>(env, out result, name, extra))
            throw _ectx.ExceptDecode("Corrupt model file");
    }

    public bool LoadModelOrNull<TRes, TSig>(IHostEnvironment env, out TRes result, string name, params object[] extra) where TRes : class
    {
        CheckInRepository("Can't load a sub-model when reading from a single stream");
        return LoadModelOrNull<TRes, TSig>(env, out result, Repository, Path.Combine(Directory ?? "", name), extra);
    }

    public static void LoadModel<TRes, TSig>(IHostEnvironment env, out TRes result, RepositoryReader rep, string dir, params object[] extra) where TRes : class
    {
        if (!LoadModelOrNull<TRes, TSig>(env, out result, rep, dir, extra))
            throw env.ExceptDecode("Corrupt model file");
    }

    /// <summary>Loads what a folder holds; false when it holds no model.</summary>
    public static bool LoadModelOrNull<TRes, TSig>(IHostEnvironment env, out TRes result, RepositoryReader rep, string dir, params object[] extra) where TRes : class
    {
        Contracts.CheckValue(env, nameof(env));
        env.CheckValue(rep, nameof(rep));
        using var entry = rep.OpenEntryOrNull(dir, ModelStreamName);
        result = null;
        if (entry == null)
            return false;
        using var context = new ModelLoadContext(rep, entry, dir);
        if (!context.TryCreate<TRes, TSig>(env, out result, extra))
            throw env.ExceptDecode($"Couldn't load model: '{dir}'");
        return true;
    }

    private bool TryCreate<TRes, TSig>(IHostEnvironment env, out TRes result, object[] extra) where TRes : class
    {
        if (!string.IsNullOrEmpty(LoaderAssemblyName))
            env.ComponentCatalog.RegisterAssembly(Assembly.Load(LoaderAssemblyName));
        foreach (string signature in new[] { ModelHeader.GetLoaderSig(ref Header), ModelHeader.GetLoaderSigAlt(ref Header) })
        {
            if (!string.IsNullOrWhiteSpace(signature) && ComponentCatalog.TryCreateInstance<object, TSig>(env, out var made, signature, "", [this, .. extra])
                && (result = made as TRes) != null)
            {
                Done();
                return true;
            }
        }
        result = null;
        return false;
    }

    public void Done()
    {
        ModelHeader.EndRead(FpMin, ref Header, Reader);
        Dispose();
    }

    private void CheckInRepository(string message) => _ectx.Check(InRepository, message);

    public void Dispose()
    {
        if (InRepository)
            Reader.Dispose();
    }
}
