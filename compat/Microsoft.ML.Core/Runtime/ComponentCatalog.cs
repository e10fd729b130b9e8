using System.Reflection;

namespace Microsoft.ML.Runtime;

/// <summary>The classes that model files may ask for, by name and signature, and the extensions by contract name.</summary>
public sealed class ComponentCatalog
{
    private const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private readonly Lock _lock = new();
    private readonly HashSet<string> _assemblies = [];
    private readonly Dictionary<(string Name, Type Signature), LoadableClassInfo> _classes = [];
    private readonly Dictionary<(Type Attribute, string Contract), Type> _extensions = [];

    internal ComponentCatalog() { }

    public void RegisterAssembly(Assembly assembly, bool throwOnError = true)
    {
        lock (_lock)
        {
            if (!_assemblies.Add(assembly.FullName))
                return;
            foreach (var attribute in assembly.GetCustomAttributes(typeof(LoadableClassAttributeBase)).Cast<LoadableClassAttributeBase>())
                Add(attribute, throwOnError);
            AddExtensions(assembly, throwOnError);
        }
    }

    private void Add(LoadableClassAttributeBase attribute, bool throwOnError)
    {
        var info = LoadableClassInfo.Find(attribute);
        if (info == null)
        {
            if (throwOnError)
                throw Contracts.Except($"Can't instantiate loadable class '{attribute.InstanceType.Name}' with name '{attribute.LoadNames[0]}'");
            return;
        }
        foreach (var signature in attribute.SigTypes)
            foreach (var name in attribute.LoadNames)
                if (!_classes.TryAdd((Normalize(name), signature), info) && throwOnError)
                    throw Contracts.Except($"ComponentCatalog cannot map name '{name}' and SignatureType '{signature}' to {info.Type.Name}, "
                        + $"already mapped to {_classes[(Normalize(name), signature)].Type.Name}.");
    }

    private void AddExtensions(Assembly assembly, bool throwOnError)
    {
        foreach (var type in assembly.GetTypes().Where(type => type.IsClass))
            foreach (var attribute in type.GetCustomAttributes<ExtensionBaseAttribute>())
                if (!_extensions.TryAdd((attribute.GetType(), attribute.ContractName), type) && throwOnError)
                    throw Contracts.Except($"An extension for '{attribute.GetType().Name}' with contract '{attribute.ContractName}' has already been registered in the ComponentCatalog.");
    }

    private static string Normalize(string name) => (name ?? "").ToLowerInvariant().Trim();

    internal object GetExtensionValue(IHostEnvironment env, Type attributeType, string contractName)
    {
        lock (_lock)
            if (_extensions.TryGetValue((attributeType, contractName), out var type))
                return Activator.CreateInstance(type);
        throw env.Except($"Unable to locate an extension for the contract '{contractName}'. Ensure you have called ComponentCatalog.RegisterAssembly "
            + $"with the Assembly that contains a class decorated with a '{attributeType.FullName}'.");
    }

    /// <summary>Makes the class of that name and signature; false when none is registered.</summary>
    internal static bool TryCreateInstance<TRes, TSig>(IHostEnvironment env, out TRes result, string name, string options, params object[] extra) where TRes : class
    {
        LoadableClassInfo info;
        lock (env.ComponentCatalog._lock)
            env.ComponentCatalog._classes.TryGetValue((Normalize(name), typeof(TSig)), out info);
        result = null;
        if (info == null)
            return false;
        if (!typeof(TRes).IsAssignableFrom(info.Type))
            throw env.Except($"Loadable class '{name}' does not derive from '{typeof(TRes).FullName}'");
        if (!string.IsNullOrEmpty(options))
            throw env.Except($"Loadable class '{name}' doesn't support settings");
        if (info.ParameterCount != extra.Length)
            throw env.Except($"Wrong number of extra parameters for loadable class '{name}', need '{info.ParameterCount}', given '{extra.Length}'");
        result = (TRes)info.Create(env, extra);
        return true;
    }

    /// <summary>A loadable class and the one method that makes it.</summary>
    internal sealed class LoadableClassInfo
    {
        private readonly MethodBase _maker;
        private readonly bool _takesEnvironment;

        private LoadableClassInfo(LoadableClassAttributeBase attribute, MethodBase maker, bool takesEnvironment)
        {
            Type = attribute.InstanceType;
            ParameterCount = attribute.CtorTypes.Length;
            _maker = maker;
            _takesEnvironment = takesEnvironment;
        }

        public Type Type { get; }

        public int ParameterCount { get; }

        /// <summary>A static property "Instance" where nothing is needed to make it; otherwise a constructor or a static method "Create" that returns exactly the type, whichever is more public.</summary>
        public static LoadableClassInfo Find(LoadableClassAttributeBase attribute)
        {
            var (type, loader, parameters) = (attribute.InstanceType, attribute.LoaderType, attribute.CtorTypes);
            if (parameters.Length == 0 && loader.GetProperty("Instance", BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly, null, type, [], null)?.GetMethod is { } getter)
                return new(attribute, getter, false);

            var withEnvironment = parameters.Prepend(typeof(IHostEnvironment)).ToArray();
            var constructors = new[] { parameters, withEnvironment }.Select(types => type.IsAssignableFrom(loader) ? loader.GetConstructor(Any | BindingFlags.Instance, types) : null);
            var methods = new[] { parameters, withEnvironment }.Select(types => loader.GetMethod("Create", Any | BindingFlags.Static, types)).Select(method => method?.ReturnType == type ? method : null);
            MethodBase constructor = constructors.FirstOrDefault(c => c != null), create = methods.FirstOrDefault(m => m != null);
            if (constructor != null && create != null && Publicity(constructor) == Publicity(create))
                throw Contracts.Except($"Can't load type {type}, because it has both create and constructor methods with the same visibility. "
                    + "Please indicate which one should be used by changing either the signature or the visibility of one of them.");
            var maker = create == null || (constructor != null && Publicity(constructor) > Publicity(create)) ? constructor : create;
            return maker == null ? null : new(attribute, maker, maker.GetParameters().Length > parameters.Length);
        }

        private static int Publicity(MethodBase method)
            => method.IsPublic ? 5 : method.IsAssembly ? 4 : method.IsFamilyOrAssembly ? 3 : method.IsFamily ? 2 : method.IsPrivate ? 1 : 0;

        public object Create(IHostEnvironment env, object[] extra)
        {
            object[] arguments = _takesEnvironment ? [env, .. extra] : extra;
            try
            {
                return _maker is ConstructorInfo constructor ? constructor.Invoke(arguments) : _maker.Invoke(null, arguments);
            }
            catch (TargetInvocationException ex) when (ex.InnerException?.IsMarked() == true)
            {
                throw Contracts.Except(ex, "Error during class instantiation");
            }
        }
    }
}
