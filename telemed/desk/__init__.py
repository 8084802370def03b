"""Pages over several capabilities: the doctor's day and call, the assistant's tablet."""
