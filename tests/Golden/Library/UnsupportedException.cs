namespace Golden.Library;

/// <summary>A reader found a case that asks for something the library does not have.</summary>
internal sealed class UnsupportedException(string reason) : Exception(reason);
