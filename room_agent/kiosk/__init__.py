"""The patient's page in the room: checking in, the talk with the doctor, farewell."""
