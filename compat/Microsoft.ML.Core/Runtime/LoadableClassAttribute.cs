namespace Microsoft.ML
{
    using Microsoft.ML.Runtime;

    /// <summary>Names a class that a model file can ask for: how it is called there, what it is, and which class makes it.</summary>
    [AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
    internal sealed class LoadableClassAttribute : LoadableClassAttributeBase
    {
        public LoadableClassAttribute(Type instType, Type argType, Type sigType, string userName, params string[] loadNames)
            : base(null, instType, instType, argType, [sigType], userName, loadNames) { }

        public LoadableClassAttribute(Type instType, Type loaderType, Type argType, Type sigType, string userName, params string[] loadNames)
            : base(null, instType, loaderType, argType, [sigType], userName, loadNames) { }

        public LoadableClassAttribute(Type instType, Type argType, Type[] sigTypes, string userName, params string[] loadNames)
            : base(null, instType, instType, argType, sigTypes, userName, loadNames) { }

        public LoadableClassAttribute(Type instType, Type loaderType, Type argType, Type[] sigTypes, string userName, params string[] loadNames)
            : base(null, instType, loaderType, argType, sigTypes, userName, loadNames) { }

        public LoadableClassAttribute(string summary, Type instType, Type argType, Type sigType, string userName, params string[] loadNames)
            : base(summary, instType, instType, argType, [sigType], userName, loadNames) { }

        public LoadableClassAttribute(string summary, Type instType, Type loaderType, Type argType, Type sigType, string userName, params string[] loadNames)
            : base(summary, instType, loaderType, argType, [sigType], userName, loadNames) { }

        public LoadableClassAttribute(string summary, Type instType, Type argType, Type[] sigTypes, string userName, params string[] loadNames)
            : base(summary, instType, instType, argType, sigTypes, userName, loadNames) { }

        public LoadableClassAttribute(string summary, Type instType, Type loaderType, Type argType, Type[] sigTypes, string userName, params string[] loadNames)
            : base(summary, instType, loaderType, argType, sigTypes, userName, loadNames) { }
    }

    internal abstract class LoadableClassAttributeBase : Attribute
    {
        protected LoadableClassAttributeBase(string summary, Type instType, Type loaderType, Type argType, Type[] sigTypes, string userName, params string[] loadNames)
        {
            Contracts.CheckValue(instType, nameof(instType));
            Contracts.CheckValue(loaderType, nameof(loaderType));
            Contracts.CheckNonEmpty(sigTypes, nameof(sigTypes));
            Contracts.CheckParam(sigTypes.All(type => type?.BaseType == typeof(MulticastDelegate)), nameof(sigTypes), "LoadableClass signature type must be a delegate type");
            if (loadNames is null or [])
                loadNames = [userName];
            Contracts.CheckParam(!loadNames.Any(string.IsNullOrWhiteSpace), nameof(loadNames), "LoadableClass loadName parameter can't be empty");

            var parameters = sigTypes[0].GetMethod("Invoke").GetParameters().Select(parameter => parameter.ParameterType);
            InstanceType = instType;
            LoaderType = loaderType;
            ArgType = argType;
            SigTypes = sigTypes;
            CtorTypes = (argType == null ? parameters : parameters.Prepend(argType)).ToArray();
            Summary = summary;
            UserName = userName;
            LoadNames = loadNames;
        }

        public Type InstanceType { get; }
        public Type LoaderType { get; }
        public Type ArgType { get; }
        public Type[] SigTypes { get; }
        /// <summary>The parameters of the constructor or Create method, but for an environment in front of them.</summary>
        public Type[] CtorTypes { get; }
        public string Summary { get; }
        public string UserName { get; }
        public string[] LoadNames { get; }
    }

    /// <summary>Base of the attributes that mark a class as an extension with a contract name.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public abstract class ExtensionBaseAttribute : Attribute
    {
        private protected ExtensionBaseAttribute(string contractName) => ContractName = contractName;

        public string ContractName { get; }
    }
}
