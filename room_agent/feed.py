"""The board for the monitors in the local network: at each change and every 2.5 s, to machines that may know it."""

import asyncio

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from room_agent.bell import wait
from room_agent.door import DoorDep, shut
from room_agent.room import Room
from schemas.channels import CLOSE_BROKEN_CONTRACT, CLOSE_NOT_ALLOWED
from schemas.day import MachineKind

TICK_S = 2.5
SEND_TIMEOUT_S = 10.0
"""A monitor that takes nothing for so long is let go; it comes back by itself."""

routes = APIRouter()


@routes.websocket("/feed")
async def feed(socket: WebSocket, door: DoorDep) -> None:
    """One monitor. It says nothing after its proof."""
    machine_id = await door.admit(socket, MachineKind.MONITOR)
    if machine_id is None:
        return
    room: Room = socket.app.state.agent.room
    showing = asyncio.create_task(show(socket, room, machine_id))
    hearing = asyncio.create_task(socket.receive())
    with room.present.connected(machine_id):
        done, left = await asyncio.wait((showing, hearing), return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    if hearing in done and hearing.result()["type"] == "websocket.receive":
        await shut(socket, CLOSE_BROKEN_CONTRACT)


async def show(socket: WebSocket, room: Room, machine_id: str) -> None:
    """Send boards until the machine may not see them any more.

    While one board is being sent the next ones fall together into the newest: a slow monitor is never behind.
    """
    with room.bell.ear() as heard:
        while room.machine(machine_id, MachineKind.MONITOR) is not None:
            board = room.board()
            try:
                if board is not None:
                    async with asyncio.timeout(SEND_TIMEOUT_S):
                        await socket.send_text(board.model_dump_json())
            except (WebSocketDisconnect, TimeoutError, RuntimeError):
                return
            await wait(heard, TICK_S)
        await shut(socket, CLOSE_NOT_ALLOWED)
