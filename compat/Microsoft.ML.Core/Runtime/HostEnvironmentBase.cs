using System.Diagnostics;

namespace Microsoft.ML.Runtime;

/// <summary>Somebody who sends messages: an environment, a host or a channel.</summary>
internal interface IMessageSource
{
    string ShortName { get; }
    string FullName { get; }
}

/// <summary>What environments, hosts and channels share: a name that tells the parent's too, and marking exceptions.</summary>
internal abstract class ChannelProviderBase : IExceptionContext, IMessageSource
{
    protected ChannelProviderBase(string shortName, string parentFullName)
    {
        ShortName = string.IsNullOrEmpty(shortName) ? null : shortName;
        ParentFullName = string.IsNullOrEmpty(parentFullName) ? null : parentFullName;
        FullName = ParentFullName == null ? ShortName : $"{ParentFullName}; {ShortName}";
    }

    public string ShortName { get; }

    public string ParentFullName { get; }

    public string FullName { get; }

    public virtual string ContextDescription => FullName;

    public virtual TException Process<TException>(TException ex) where TException : Exception
    {
        if (ex == null)
            return null;
        ex.Data["Throwing component"] = ShortName;
        ex.Data["Parent component"] = ParentFullName;
        return Contracts.Mark(ex);
    }
}

/// <summary>An environment, and a host inside one: hosts share the environment's listeners and component catalog, and have a random generator of their own.</summary>
internal abstract class HostEnvironmentBase : ChannelProviderBase, IHostEnvironmentInternal
{
    private readonly Random _rand;
    private readonly Lock _randLock = new();
    private readonly HostEnvironmentBase _root;
    private readonly HostEnvironmentBase _parent;
    private readonly Dictionary<string, object> _options = [];

    /// <summary>Makes an environment.</summary>
    protected HostEnvironmentBase(int? seed) : base(null, null)
    {
        Seed = seed;
        _rand = RandomUtils.Create(seed);
        _root = this;
        ComponentCatalog = new();
        TempFilePath = Path.GetTempPath();
    }

    /// <summary>Makes a host. Its name begins at the parent's, and leaves out the grandparents.</summary>
    private HostEnvironmentBase(HostEnvironmentBase parent, string name, Random rand) : base(name, parent._parent?.FullName)
    {
        Seed = parent.Seed;
        _rand = rand;
        _root = parent._root;
        _parent = parent;
        ComponentCatalog = parent.ComponentCatalog;
        TempFilePath = parent.TempFilePath;
        GpuDeviceId = parent.GpuDeviceId;
        FallbackToCpu = parent.FallbackToCpu;
    }

    public int? Seed { get; }

    public ComponentCatalog ComponentCatalog { get; }

    public override string ContextDescription => "HostEnvironment";

    public string TempFilePath { get; set; }

    public bool FallbackToCpu { get; set; }

    public int? GpuDeviceId { get; set; }

    /// <summary>Hears every message that is sent through this environment and its hosts.</summary>
    public event Action<IMessageSource, ChannelMessage> Listeners;

    public IHost Register(string name, int? seed = null, bool? verbose = null)
    {
        Contracts.CheckNonEmpty(name, nameof(name));
        // A host without a seed of its own takes one from its parent's generator, which therefore moves on.
        lock (_randLock)
            return new Host(this, name, seed.HasValue ? RandomUtils.Create(seed.Value) : RandomUtils.Create(_rand));
    }

    public IChannel Start(string name) => new Channel(_root, this, name);

    public IPipe<TMessage> StartPipe<TMessage>(string name) => new Pipe<TMessage>(this, name, static (_, _) => { });

    public IProgressChannel StartProgressChannel(string name) => new ProgressChannel(name);

    public bool TryAddOption<T>(string name, T value) => _options.TryAdd(CheckOptionName(name), value);

    public void SetOption<T>(string name, T value) => _options[CheckOptionName(name)] = value;

    public bool TryGetOption<T>(string name, out T value)
    {
        bool found = _options.TryGetValue(CheckOptionName(name), out var option) && option is T;
        value = found ? (T)option : default;
        return found;
    }

    public T GetOptionOrDefault<T>(string name)
    {
        _options.TryAdd(CheckOptionName(name), default(T));
        return (T)_options[name];
    }

    public bool RemoveOption(string name) => _options.Remove(CheckOptionName(name));

    private static string CheckOptionName(string name) => string.IsNullOrWhiteSpace(name) ? throw new ArgumentNullException(nameof(name)) : name;

    private sealed class Host : HostEnvironmentBase, IHost
    {
        public Host(HostEnvironmentBase parent, string name, Random rand) : base(parent, name, rand) { }

        public Random Rand => _rand;
    }

    private class Pipe<TMessage> : ChannelProviderBase, IPipe<TMessage>
    {
        private readonly ChannelProviderBase _parent;
        private readonly Action<IMessageSource, TMessage> _dispatch;

        public Pipe(ChannelProviderBase parent, string name, Action<IMessageSource, TMessage> dispatch) : base(name, parent.FullName)
        {
            _parent = parent;
            _dispatch = dispatch;
        }

        public void Send(TMessage msg) => _dispatch(this, msg);

        public virtual void Dispose() { }

        public override TException Process<TException>(TException ex)
        {
            if (ex == null)
                return null;
            ex.Data["Phase"] = ShortName;
            return _parent.Process(ex);
        }
    }

    private sealed class Channel : Pipe<ChannelMessage>, IChannel
    {
        private readonly long _started = Stopwatch.GetTimestamp();
        private bool _disposed;

        public Channel(HostEnvironmentBase root, ChannelProviderBase parent, string name)
            : base(parent, name, (source, message) => root.Listeners?.Invoke(source, message))
            => Trace(MessageSensitivity.None, "Channel started");

        public override void Dispose()
        {
            if (_disposed)
                return;
            Trace(MessageSensitivity.None, "Channel finished. Elapsed {0:c}.", Stopwatch.GetElapsedTime(_started));
            Trace(MessageSensitivity.None, "Channel disposed");
            _disposed = true;
        }

        public void Trace(MessageSensitivity sensitivity, string fmt) => Send(new(ChannelMessageKind.Trace, sensitivity, fmt));
        public void Trace(MessageSensitivity sensitivity, string fmt, params object[] args) => Send(new(ChannelMessageKind.Trace, sensitivity, fmt, args));
        public void Info(MessageSensitivity sensitivity, string fmt) => Send(new(ChannelMessageKind.Info, sensitivity, fmt));
        public void Info(MessageSensitivity sensitivity, string fmt, params object[] args) => Send(new(ChannelMessageKind.Info, sensitivity, fmt, args));
        public void Warning(MessageSensitivity sensitivity, string fmt) => Send(new(ChannelMessageKind.Warning, sensitivity, fmt));
        public void Warning(MessageSensitivity sensitivity, string fmt, params object[] args) => Send(new(ChannelMessageKind.Warning, sensitivity, fmt, args));
        public void Error(MessageSensitivity sensitivity, string fmt) => Send(new(ChannelMessageKind.Error, sensitivity, fmt));
        public void Error(MessageSensitivity sensitivity, string fmt, params object[] args) => Send(new(ChannelMessageKind.Error, sensitivity, fmt, args));
    }
}
