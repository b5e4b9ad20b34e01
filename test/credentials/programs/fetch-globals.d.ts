/** Two names of the Fetch standard that @google/genai takes for global; Node's types leave them out. */
type RequestInfo = string | URL | Request;
type HeadersInit = NonNullable<RequestInit['headers']>;
