using System.Collections;
using System.Diagnostics.CodeAnalysis;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    /// <summary>Named modules in order; they become its children when a module that has it as a field registers its components.</summary>
    public class ModuleDict<T> : nn.Module, IDictionary<string, T>, IList<(string, T)> where T : nn.Module
    {
        private readonly OrderedDict<string, T> _items = new();
        private bool _registered;

        public ModuleDict() : base("ModuleDict") { }

        protected override void RegisterComponents()
        {
            if (_registered) return;
            foreach (var (key, module) in _items) register_module(key, module);
            _registered = true;
        }

        public T this[string key]
        {
            get => _items[key];
            // A new key fails, as in the original.
            set => _items[_items.ContainsKey(key) ? key : throw new ArgumentOutOfRangeException("index", "Index was out of range. Must be non-negative and less than the size of the collection.")] = value;
        }
        public (string, T) this[int index] { get => _items[index]; set => _items[index] = value; }
        public int Count => _items.Count;
        public bool IsReadOnly => false;
        public ICollection<string> Keys => _items.Keys;
        public ICollection<T> Values => _items.Values;
        public IEnumerable<string> keys() => _items.keys();
        public IEnumerable<T> values() => _items.values();
        public IEnumerator<(string, T)> items() => _items.items();
        public void Add(string key, T value) => _items.Add(key, value);
        public void Add((string, T) item) => _items.Add(item);
        public void Add(KeyValuePair<string, T> item) => _items.Add(item);
        public void Insert(int index, (string, T) item) => _items.Insert(index, item);
        public bool ContainsKey(string key) => _items.ContainsKey(key);
        public bool TryGetValue(string key, [MaybeNullWhen(false)] out T value) => _items.TryGetValue(key, out value);
        public bool Contains((string, T) item) => _items.Contains(item);
        public bool Contains(KeyValuePair<string, T> item) => _items.Contains(item);
        public int IndexOf((string, T) item) => _items.IndexOf(item);
        public bool Remove(string key) => _items.Remove(key);
        public bool Remove((string, T) item) => _items.Remove(item);
        public bool Remove(KeyValuePair<string, T> item) => _items.Remove(item);
        public void RemoveAt(int index) => _items.RemoveAt(index);
        public void Clear() => _items.Clear();
        public void clear() => _items.Clear();
        public void CopyTo((string, T)[] array, int arrayIndex) => _items.CopyTo(array, arrayIndex);
        public void CopyTo(KeyValuePair<string, T>[] array, int arrayIndex) => _items.CopyTo(array, arrayIndex);
        public IEnumerator<(string, T)> GetEnumerator() => _items.GetEnumerator();
        IEnumerator<KeyValuePair<string, T>> IEnumerable<KeyValuePair<string, T>>.GetEnumerator() => ((IEnumerable<KeyValuePair<string, T>>)_items).GetEnumerator();
        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.ModuleDict<Module> ModuleDict(params (string, Module)[] modules) => ModuleDict<Module>(modules);
            public static Modules.ModuleDict<T> ModuleDict<T>(params (string, T)[] modules) where T : Module
            {
                var dictionary = new Modules.ModuleDict<T>();
                foreach (var item in modules) dictionary.Add(item);
                return dictionary;
            }
        }
    }
}
