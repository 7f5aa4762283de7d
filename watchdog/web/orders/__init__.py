"""What people say by the socket and the page: each a row in a table, which becomes what the engine hears. None of them knows HTTP, and none decides anything."""
