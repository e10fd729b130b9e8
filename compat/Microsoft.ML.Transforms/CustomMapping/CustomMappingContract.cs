using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(typeof(ITransformer), typeof(CustomMappingContract), null, typeof(SignatureLoadModel), "", CustomMappingContract.LoaderSignature)]

namespace Microsoft.ML.Transforms;

/// <summary>How a mapping is saved: by the name of its contract, and the assembly in which its factory may be found.</summary>
internal static class CustomMappingContract
{
    public const string LoaderSignature = "CustomTransformer";

    private static VersionInfo Version => new("CUSTOMXF", 0x00010002, 0x00010002, 0x00010002, typeof(CustomMappingContract).Assembly.FullName, LoaderSignature);

    public static void Save(IHost host, ModelSaveContext ctx, string contractName, Delegate mapping)
    {
        if (contractName == null)
            throw host.Except("Empty contract name for a transform: the transform cannot be saved");
        ctx.CheckAtModel();
        ctx.SetVersionInfo(Version);
        ctx.SaveString(contractName);
        ctx.SaveString(mapping.Method.DeclaringType.Assembly.FullName);
    }

    private static ITransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Version);
        string contractName = ctx.LoadString();
        env.ComponentCatalog.RegisterAssembly(Assembly.Load(ctx.LoadString()));
        object factory = env.ComponentCatalog.GetExtensionValue(env, typeof(CustomMappingFactoryAttributeAttribute), contractName);
        return factory is ICustomMappingFactory mapping
            ? mapping.CreateTransformer(env, contractName)
            : throw env.Except($"The class with contract '{contractName}' must derive from '{typeof(CustomMappingFactory<,>).FullName}' or from '{typeof(StatefulCustomMappingFactory<,,>).FullName}'.");
    }
}
