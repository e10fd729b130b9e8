using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

public static class BinaryLoaderSaverCatalog
{
    public static IDataView LoadFromBinary(this DataOperationsCatalog catalog, string path)
    {
        Contracts.CheckNonEmpty(path, nameof(path));
        Contracts.CheckParam(File.Exists(path), nameof(path), $"File does not exist at path: {path}");
        return catalog.LoadFromBinary(new MultiFileSource(path));
    }

    public static IDataView LoadFromBinary(this DataOperationsCatalog catalog, IMultiStreamSource fileSource)
    {
        Contracts.CheckValue(fileSource, nameof(fileSource));
        return BinaryFile.Load(catalog.GetEnvironment(), fileSource);
    }

    public static void SaveAsBinary(this DataOperationsCatalog catalog, IDataView data, Stream stream, bool keepHidden = false)
    {
        Contracts.CheckValue(catalog, nameof(catalog));
        Contracts.CheckValue(data, nameof(data));
        Contracts.CheckValue(stream, nameof(stream));
        BinaryFile.Save(catalog.GetEnvironment(), data, stream, keepHidden);
    }
}
