namespace Microsoft.ML.Runtime;

public interface IPipe<TMessage> : IExceptionContext, IDisposable
{
    void Send(TMessage msg);
}

public interface IChannel : IPipe<ChannelMessage>
{
    void Trace(MessageSensitivity sensitivity, string fmt);
    void Trace(MessageSensitivity sensitivity, string fmt, params object[] args);
    void Info(MessageSensitivity sensitivity, string fmt);
    void Info(MessageSensitivity sensitivity, string fmt, params object[] args);
    void Warning(MessageSensitivity sensitivity, string fmt);
    void Warning(MessageSensitivity sensitivity, string fmt, params object[] args);
    void Error(MessageSensitivity sensitivity, string fmt);
    void Error(MessageSensitivity sensitivity, string fmt, params object[] args);
}

public interface IChannelProvider : IExceptionContext
{
    IChannel Start(string name);
    IPipe<TMessage> StartPipe<TMessage>(string name);
}

public interface IProgressChannelProvider
{
    IProgressChannel StartProgressChannel(string name);
}

public interface IHostEnvironment : IChannelProvider, IProgressChannelProvider
{
    ComponentCatalog ComponentCatalog { get; }
    IHost Register(string name, int? seed = null, bool? verbose = null);
}

public interface IHost : IHostEnvironment
{
    Random Rand { get; }
}

/// <summary>What an environment knows beyond its public face.</summary>
internal interface IHostEnvironmentInternal : IHostEnvironment
{
    int? Seed { get; }
    string TempFilePath { get; set; }
    bool FallbackToCpu { get; set; }
    int? GpuDeviceId { get; set; }
    bool TryAddOption<T>(string name, T value);
    void SetOption<T>(string name, T value);
    bool TryGetOption<T>(string name, out T value);
    T GetOptionOrDefault<T>(string name);
    bool RemoveOption(string name);
}

internal static class HostExtensions
{
    public static T Apply<T>(this IHost host, string channelName, Func<IChannel, T> func)
    {
        using var channel = host.Start(channelName);
        return func(channel);
    }

    public static void Trace(this IChannel channel, string message) => channel.Trace(MessageSensitivity.Unknown, message);
    public static void Info(this IChannel channel, string message) => channel.Info(MessageSensitivity.Unknown, message);
    public static void Warning(this IChannel channel, string message) => channel.Warning(MessageSensitivity.Unknown, message);
    public static void Error(this IChannel channel, string message) => channel.Error(MessageSensitivity.Unknown, message);
}
