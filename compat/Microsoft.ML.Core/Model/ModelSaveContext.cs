using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Where a component saves itself: one model block, in a folder of a repository that can take further entries and sub-models, or in a single stream.</summary>
public sealed class ModelSaveContext : IDisposable
{
    internal readonly RepositoryWriter Repository;
    internal readonly string Directory;
    internal readonly BinaryWriter Writer;
    internal ModelHeader Header;
    internal readonly long FpMin;

    private readonly Repository.Entry _entry;
    private readonly IExceptionContext _ectx;
    private readonly List<string> _strings = [];
    private readonly Dictionary<string, int> _stringIds = [];
    private string _loaderAssemblyName;

    internal ModelSaveContext(RepositoryWriter rep, string dir, string name)
    {
        Contracts.CheckValue(rep, nameof(rep));
        Repository = rep;
        _ectx = rep.ExceptionContext;
        _ectx.CheckNonEmpty(name, nameof(name));
        Directory = dir;
        _entry = rep.CreateEntry(dir, name);
        Writer = new(_entry.Stream, Encoding.UTF8, leaveOpen: true);
        ModelHeader.BeginWrite(Writer, out FpMin, out Header);
    }

    internal ModelSaveContext(BinaryWriter writer, IExceptionContext ectx = null)
    {
        _ectx = ectx;
        _ectx.CheckValue(writer, nameof(writer));
        Writer = writer;
        ModelHeader.BeginWrite(Writer, out FpMin, out Header);
    }

    internal bool InRepository => Repository != null;

    internal void CheckAtModel()
    {
        Writer.Flush();
        _ectx.Check(Writer.BaseStream.Position == FpMin + Header.FpModel);
    }

    internal void SetVersionInfo(VersionInfo ver)
    {
        ModelHeader.SetVersionInfo(ref Header, ver);
        _loaderAssemblyName = ver.LoaderAssemblyName;
    }

    internal void SaveStringOrNull(string str)
    {
        if (str == null)
            Writer.Write(-1);
        else
            SaveString(str);
    }

    internal void SaveString(string str)
    {
        _ectx.CheckValue(str, nameof(str));
        if (!_stringIds.TryGetValue(str, out int id))
        {
            _stringIds[str] = id = _strings.Count;
            _strings.Add(str);
        }
        Writer.Write(id);
    }

    internal void SaveString(ReadOnlyMemory<char> str) => SaveString(str.ToString());

    internal void SaveNonEmptyString(string str)
    {
        _ectx.CheckParam(!string.IsNullOrEmpty(str), nameof(str));
        SaveString(str);
    }

    internal void SaveTextStream(string name, Action<TextWriter> action)
    {
        CheckInRepository("Can't save a text stream when writing to a single stream");
        using var entry = Repository.CreateEntry(Directory, _ectx.CheckNonEmpty(name, nameof(name)));
        using var writer = new StreamWriter(entry.Stream, new UTF8Encoding(false), leaveOpen: true);
        action(writer);
    }

    internal void SaveBinaryStream(string name, Action<BinaryWriter> action)
    {
        CheckInRepository("Can't save a text stream when writing to a single stream");
        using var entry = Repository.CreateEntry(Directory, _ectx.CheckNonEmpty(name, nameof(name)));
        using var writer = new BinaryWriter(entry.Stream, Encoding.UTF8, leaveOpen: true);
        action(writer);
    }

    internal void SaveSubModel(string dir, Action<ModelSaveContext> fn)
    {
        CheckInRepository("Can't save a sub-model when writing to a single stream");
        using var context = new ModelSaveContext(Repository, Path.Combine(Directory ?? "", _ectx.CheckNonEmpty(dir, nameof(dir))), ModelLoadContext.ModelStreamName);
        fn(context);
        context.Done();
    }

    internal void SaveModel<T>(T value, string name) where T : class
    {
        CheckInRepository("Can't save a sub-model when writing to a single stream");
        SaveModel(Repository, value, Path.Combine(Directory ?? "", name));
    }

    internal static void SaveModel<T>(RepositoryWriter rep, T value, string path) where T : class
    {
        if (value is not ICanSaveModel model)
            return;
        using var context = new ModelSaveContext(rep, path, ModelLoadContext.ModelStreamName);
        model.Save(context);
        context.Done();
    }

    internal void Done()
    {
        _ectx.Check(Header.ModelSignature != 0, "ModelSignature not specified!");
        ModelHeader.EndWrite(Writer, FpMin, ref Header, _strings, _loaderAssemblyName);
        Dispose();
    }

    private void CheckInRepository(string message) => _ectx.Check(InRepository, message);

    // A writer over a single stream is its owner's.
    public void Dispose()
    {
        if (!InRepository)
            return;
        if (_entry.Stream.CanWrite)
            Writer.Dispose();
        _entry.Dispose();
    }
}
