namespace Microsoft.ML.Runtime;

/// <summary>What an exception that is about to be thrown learns of the place it comes from.</summary>
public interface IExceptionContext
{
    string ContextDescription { get; }
    TException Process<TException>(TException ex) where TException : Exception;
}
