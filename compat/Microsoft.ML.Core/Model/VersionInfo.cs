using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Constructors and Create methods of transformers, as model files call them.</summary>
internal delegate void SignatureLoadModel(ModelLoadContext ctx);

/// <summary>Which component wrote a model, in which version of its format, and who can read it back.</summary>
internal readonly struct VersionInfo
{
    public readonly ulong ModelSignature;
    public readonly uint VerWrittenCur;
    public readonly uint VerReadableCur;
    public readonly uint VerWeCanReadBack;
    public readonly string LoaderAssemblyName;
    public readonly string LoaderSignature;
    public readonly string LoaderSignatureAlt;

    public VersionInfo(string modelSignature, uint verWrittenCur, uint verReadableCur, uint verWeCanReadBack,
        string loaderAssemblyName, string loaderSignature = null, string loaderSignatureAlt = null)
    {
        Contracts.Check(modelSignature?.Length == 8, "Model signature must be eight characters");
        for (int i = 0; i < modelSignature.Length; i++)
        {
            Contracts.Check(modelSignature[i] <= 0xFF);
            if (modelSignature[i] != ' ')
                ModelSignature |= (ulong)modelSignature[i] << (8 * i);
        }
        VerWrittenCur = verWrittenCur;
        VerReadableCur = verReadableCur;
        VerWeCanReadBack = verWeCanReadBack;
        LoaderAssemblyName = loaderAssemblyName;
        LoaderSignature = loaderSignature;
        LoaderSignatureAlt = loaderSignatureAlt;
    }
}
