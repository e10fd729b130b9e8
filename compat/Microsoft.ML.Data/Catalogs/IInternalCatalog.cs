using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A catalog shows the environment behind it to friends only.</summary>
internal interface IInternalCatalog
{
    IHostEnvironment Environment { get; }
}

internal static class CatalogUtils
{
    public static IHostEnvironment GetEnvironment(this IInternalCatalog catalog) => Contracts.CheckRef(catalog, nameof(catalog)).Environment;
}
